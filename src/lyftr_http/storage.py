"""What the application asks of a store, whichever it is, and which one a URL means."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, Self

from lyftr_core import MessageReader, MessageRemover, MessageWriter, ReadinessProbe, StorageError

__all__ = ["Kind", "Store", "kind_of", "not_for_postgresql"]

Kind = str
"""`sqlite` or `postgresql`."""

_TAKEN = (
    "must be sqlite:///FILE (relative), sqlite:////FILE (absolute)"
    " or postgresql://USER:PASSWORD@HOST:PORT/NAME"
)
_KINDS: dict[str, Kind] = {
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+psycopg": "postgresql",
}


class Store(Protocol):
    """The ports over one database, from `open` to `close`.

    Attributes:
        name: What to call the database; no secret is in it.
        writer: Appends messages.
        reader: Reads what is committed.
        remover: Removes messages.
        probe: Tells whether the database answers.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - the class says
    @property
    def writer(self) -> MessageWriter: ...  # noqa: D102 - the class says
    @property
    def reader(self) -> MessageReader: ...  # noqa: D102 - the class says
    @property
    def remover(self) -> MessageRemover: ...  # noqa: D102 - the class says
    @property
    def probe(self) -> ReadinessProbe: ...  # noqa: D102 - the class says

    @property
    def waiting(self) -> int:
        """How many messages wait for their commit."""
        ...

    async def open(self) -> None:
        """Begin to write."""
        ...

    async def close(self) -> None:
        """Commit what waits, and close."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Self]:
        """Use the reader alone, beside a server."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc_info: object) -> None: ...


def kind_of(url: str) -> Kind:
    """Return which kind of database a URL means.

    Raises:
        ValueError: It means none that is known.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in _KINDS:
        raise ValueError(_TAKEN)
    return _KINDS[scheme]


def not_for_postgresql(command: str, instead: str) -> Callable[..., None]:
    """Return what refuses a command that works on a SQLite file.

    Args:
        command: As in `backup`.
        instead: What to use with PostgreSQL.
    """

    def refuse(*_args: object, **_options: object) -> None:
        raise StorageError(f"lyftr {command} works on SQLite; for PostgreSQL use {instead}")

    return refuse
