"""Put on the path of the servers that need no FastAPI."""
