"""What starts a real `lyftr serve`, as in the end-to-end tests."""

from tests.end_to_end.conftest import database_variables, serve

__all__ = ["database_variables", "serve"]
