"""Connections: opening them, their settings, their failures, and the order of the log."""
