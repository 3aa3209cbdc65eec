"""Which schema a database has, and the migrations that bring it to that of this version."""

import threading
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from lyftr_core.errors import SchemaMismatch

__all__ = ["Schema"]

_UNRELEASED = ("0001", "0002", "0003", "0004", "0005")
"""Revisions of versions before the first release, which no migration leads on from."""
_ALEMBIC = threading.Lock()
"""Alembic keeps what it runs in globals: one migration at a time in a process."""


class Schema(msgspec.Struct, frozen=True):
    """The tables of an adapter, from their first revision to that of this version.

    Attributes:
        scripts: Where the migrations are, as Alembic's `script_location` has it.
        revisions: Their identifiers, oldest first.
    """

    scripts: str
    revisions: tuple[str, ...]

    @property
    def head(self) -> str:
        """The revision that this version of the program uses."""
        return self.revisions[-1]

    def find(self, rows: Iterable[Sequence[object]], name: str) -> str | None:
        """Return the revision of a database, `None` for a new one.

        Args:
            rows: Those of its table `alembic_version`.
            name: What to call it.

        Raises:
            SchemaMismatch: No migration leads from it to this version.
        """
        found = [str(row[0]) for row in rows]
        if len(found) == 1 and found[0] in _UNRELEASED:
            raise SchemaMismatch(
                f"{name} was made before the first release of lyftr (schema {found[0]}); to move"
                " its messages, run lyftr export of the version that made it, then lyftr import of"
                " this one with a new database"
            )
        if found not in ([], *([revision] for revision in self.revisions)):
            raise SchemaMismatch(
                f"{name} has schema {', '.join(found)}, which is newer than this lyftr"
                f" (schema {self.head}); use the lyftr that wrote it, or a newer one"
            )
        return found[0] if found else None

    def require_head(self, found: str | None, name: str) -> None:
        """See that a database has the schema of this version.

        Raises:
            SchemaMismatch: It has another.
        """
        if found != self.head:
            raise SchemaMismatch(
                f"{name} has schema {found or 'none'}, and this lyftr uses {self.head};"
                " first run lyftr migrate"
            )

    def upgrade(self, connection: Connection, found: str | None) -> None:
        """Run the migrations that a database lacks.

        Args:
            connection: In the transaction that they are to be part of.
            found: The revision of the database, as `find` gives it.
        """
        if found == self.head:
            return
        # Alembic is large, and most starts need none of it.
        from alembic import command, config  # noqa: PLC0415 - as above

        configuration = config.Config(attributes={"connection": connection})
        configuration.set_main_option("script_location", self.scripts)
        with _ALEMBIC:
            command.upgrade(configuration, self.head)
