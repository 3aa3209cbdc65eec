"""Hypothesis strategies for messages, requests and wrong input."""
