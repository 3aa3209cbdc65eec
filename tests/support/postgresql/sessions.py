"""A connection that stays open while a test does other things."""

import subprocess
from typing import Self

__all__ = ["Session"]


class Session:
    """One `psql` at its prompt, for as long as a `with` block runs.

    Args:
        psql: The path of the program.
        url: Where to connect.
    """

    def __init__(self, psql: str, url: str) -> None:
        self._command = (psql, "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", url)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, statement: str) -> None:
        """Send a statement and do not wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{statement};\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        """Return the next line of what it says, as soon as it is there."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().removesuffix("\n")

    def ask(self, statement: str) -> str:
        """Send a statement and return the first line of its answer."""
        self.tell(statement)
        return self.answer()
