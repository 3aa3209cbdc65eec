"""Files that commands read and write: exports, imports, and what was refused of them."""
