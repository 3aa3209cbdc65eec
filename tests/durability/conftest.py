"""Real `lyftr` processes on real files."""

from tests.support.server_fixtures import (
    chance,
    database_variables,
    inbox,
    lyftr,
    serve,
    small_disk,
)

__all__ = ["chance", "database_variables", "inbox", "lyftr", "serve", "small_disk"]
