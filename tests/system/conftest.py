"""Real `lyftr` processes on real files."""

from tests.support.server_fixtures import database_variables, inbox, lyftr, serve

__all__ = ["database_variables", "inbox", "lyftr", "serve"]
