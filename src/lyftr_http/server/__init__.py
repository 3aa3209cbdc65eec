"""The process that serves: sockets, connections, workers and their end."""
