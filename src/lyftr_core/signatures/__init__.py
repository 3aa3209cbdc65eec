"""Who sent a request: the signature schemes."""
