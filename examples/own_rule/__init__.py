"""A rule of one's own on top of those of the core, and its property-based tests."""
