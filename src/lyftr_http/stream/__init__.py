"""`GET /messages/stream`: committed messages, as they come, to clients that stay connected."""
