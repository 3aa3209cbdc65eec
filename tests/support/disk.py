"""A disk that forgets at a loss of power what was not synced, or all but some of it."""

import random
from pathlib import Path
from typing import NamedTuple

from tests.support.trace import Call

__all__ = ["Disk"]

_SECTOR = 512
"""A disk writes so many bytes wholly or not at all."""


class _Change(NamedTuple):
    """A write or, without data, a cut to `offset` bytes."""

    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(self.data)] = self.data

    def torn(self, chance: random.Random) -> "_Change":
        """Return as much of it as a power loss in its middle leaves."""
        if self.data is None or chance.random() < 0.5:
            return self
        sectors = chance.randrange(len(self.data) // _SECTOR + 1)
        return self._replace(data=self.data[: sectors * _SECTOR])


class _File:
    """What is surely on disk of one file, and the changes that are not, by the number of a call."""

    def __init__(self) -> None:
        self.synced = bytearray()
        self.unsynced: dict[int, _Change] = {}


class Disk:
    """One folder of it, which begins empty.

    Args:
        folder: Calls on files elsewhere are none of its business.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._files: dict[str, _File] = {}
        self._names: dict[str, _File] = {}
        self._unsynced_names: list[tuple[str, _File | None]] = []
        self._done: set[int] = set()
        self._syncs: dict[int, tuple[_File | None, set[int], int]] = {}

    def follow(self, call: Call) -> None:
        """Take notice of a call's beginning or end."""
        if not call.path.startswith(self._folder):
            return
        if call.ended and call.worked:
            self._end(call)
        elif not call.ended:
            self._begin(call)

    def after_power_loss(self, folder: Path, chance: random.Random | None) -> None:
        """Write the files into a folder as the loss of power at this moment would leave them.

        Args:
            folder: Takes the files.
            chance: Keeps some of what was not synced, in parts; without it nothing is kept.
        """
        names = dict(self._names)
        if chance:
            some = chance.randrange(len(self._unsynced_names) + 1)
            _rename(names, self._unsynced_names[:some])
        for path, file in names.items():
            content = bytearray(file.synced)
            for change in file.unsynced.values() if chance else ():
                if chance and chance.random() < 0.5:
                    change.torn(chance).apply(content)
            (folder / Path(path).name).write_bytes(content)

    def _begin(self, call: Call) -> None:
        file = self._files.get(call.path)
        if call.name in {"fsync", "fdatasync"}:
            # It covers what had ended before it began.
            covered = self._done & file.unsynced.keys() if file else set()
            self._syncs[call.number] = file, covered, len(self._unsynced_names)
        elif file and call.name == "pwrite64":
            file.unsynced[call.number] = _Change(int(call.rest.rpartition(b",")[2]), call.data)
        elif file and call.name == "ftruncate":
            file.unsynced[call.number] = _Change(int(call.rest.rpartition(b",")[2]), None)

    def _end(self, call: Call) -> None:
        if call.name in {"fsync", "fdatasync"}:
            self._sync(*self._syncs.pop(call.number), is_folder=call.path == self._folder)
        elif call.name == "openat" and b"O_CREAT" in call.rest and call.path not in self._files:
            self._files[call.path] = _File()
            self._unsynced_names.append((call.path, self._files[call.path]))
        elif call.name == "unlink":
            self._files.pop(call.path, None)
            self._unsynced_names.append((call.path, None))
        else:
            self._done.add(call.number)

    def _sync(self, file: _File | None, covered: set[int], names: int, *, is_folder: bool) -> None:
        if is_folder:
            _rename(self._names, self._unsynced_names[:names])
            del self._unsynced_names[:names]
        elif file:
            for number in sorted(covered & file.unsynced.keys()):
                file.unsynced.pop(number).apply(file.synced)


def _rename(names: dict[str, _File], changes: list[tuple[str, _File | None]]) -> None:
    for path, file in changes:
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file
