"""Records of a file that break a rule: kept in a file of their own, to be put right."""

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from lyftr_http.cli.output import say
from lyftr_http.cli.record_files import WrongRecord

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
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
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
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._stream = os.fdopen(os.open(self._path, flags, 0o600), "wb")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream:
            self._stream.close()
