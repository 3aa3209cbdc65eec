"""The core inside a FastAPI service that keeps the messages in an SQLite table of its own."""
