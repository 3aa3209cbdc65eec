"""Stateful tests: stores driven by random steps, and compared with a model."""
