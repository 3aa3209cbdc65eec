"""What follows the log: counts and the search index."""
