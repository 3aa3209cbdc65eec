"""The log of the program: structlog, one JSON line at a time on standard output."""
