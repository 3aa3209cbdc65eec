"""An adapter of one's own: a repository in a JSON-lines file, and the contract over it."""
