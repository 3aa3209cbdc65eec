"""Fixtures that start a real `lyftr serve`."""

from tests.support.server_fixtures import database_variables, serve

__all__ = ["database_variables", "serve"]
