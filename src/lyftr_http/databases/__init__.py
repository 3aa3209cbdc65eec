"""The databases there are: the part of the container that names concrete adapters."""
