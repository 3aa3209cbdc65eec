"""Connections: opening them, their settings, their failures, and the locks between processes."""
