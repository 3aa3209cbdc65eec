"""What the domain can be asked to do; each use case is a class with `__call__`."""
