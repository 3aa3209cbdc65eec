"""One module for each command, or for a family of them: options, and what is printed."""
