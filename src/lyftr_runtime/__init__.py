"""The composition without a web framework: settings, databases and use cases, wired."""
