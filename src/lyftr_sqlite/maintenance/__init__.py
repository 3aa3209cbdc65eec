"""What operators do to a database: check, copy, import, rebuild, remove, back up and restore."""
