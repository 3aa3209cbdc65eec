"""Sending signed webhooks over HTTP: one at a time, or many over kept connections."""
