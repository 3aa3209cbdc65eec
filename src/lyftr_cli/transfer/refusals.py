"""Records of a file that break a rule: kept in a file of their own, to be put right."""

from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from lyftr_cli.output.output import say
from lyftr_cli.transfer.output_files import create_file
from lyftr_cli.transfer.record_files import WrongRecord
from lyftr_core.database import Database

__all__ = ["InvalidRecord", "Refusals"]

_SHOWN = 20
"""How many are told one by one."""


class InvalidRecord(Exception):
    """A record breaks a rule."""

    def __init__(self, found: WrongRecord) -> None:
        super().__init__(f"line {found.line}: {found.fault}")


class Refusals:
    """Keeps them as they are.

    Args:
        path: Where; the file must not be there yet. `None` where none is to be skipped.
        database: The one that is imported into; its files are refused.
    """

    def __init__(self, path: Path | None, database: Database) -> None:
        self._path = path
        self._database = database
        self._count = 0
        self._stream: BinaryIO | None = None

    @property
    def skips(self) -> bool:
        """Whether they are to be skipped."""
        return self._path is not None

    @property
    def told(self) -> str:
        """How many there were, as the end of a sentence."""
        return f", {self._count} refused" if self.skips else ""

    def keep(self, found: WrongRecord, header: bytes) -> None:
        """Write one, and say on standard error what is wrong with it.

        Args:
            found: The record.
            header: What the file that it is from begins with.
        """
        if self._stream:
            if not self._count:
                self._stream.write(header)
            self._stream.write(found.raw.removesuffix(b"\n") + b"\n")
        self._count += 1
        if self._count <= _SHOWN:
            say(f"refused: {InvalidRecord(found)}", err=True)

    def __enter__(self) -> Self:
        if self._path:
            self._stream = create_file(self._path, self._database)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream:
            self._stream.close()
