"""Answers from committed messages: lists, searches, counts, runs of the log."""
