"""A server process that the tests start, with its log; it never outlives them."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.postgresql.accounts import Account

__all__ = ["ServerDied", "ServerProcess"]

_HANGS = 60.0
_TAIL = 4000
_GUARD = """
read -r _ && exit
kill -s QUIT "$1"
tries=0
while kill -s 0 "$1" && [ $((tries += 1)) -lt 300 ]; do sleep 0.1; done
rm -rf "$2"
"""
"""Where its input ends before a line came, the tests were killed."""


class ServerDied(Exception):
    """A server ended, or never got ready; its log says why."""


class ServerProcess:
    """One process and what it writes.

    Args:
        command: What to run; it must stay in the foreground, and end by SIGQUIT.
        account: Whom to run it as.
        folder: Where to run it. Where the tests are killed, the process ends and this is removed.
        log: The file that its output is added to.
    """

    def __init__(
        self, command: Sequence[str], account: Account, *, folder: Path, log: Path
    ) -> None:
        self._name = Path(command[0]).name
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                process_group=0,  # Ctrl-C is for the tests, which then end it in their order
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **account,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self._process.pid), folder],
            process_group=0,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Wait until it is ready.

        Raises:
            ServerDied: It ended, or it takes a minute.
        """
        deadline = time.monotonic() + _HANGS
        while not is_ready():
            if not self.is_running:
                raise ServerDied(self.describe("ended"))
            if time.monotonic() > deadline:
                raise ServerDied(self.describe("is not ready"))
            time.sleep(0.01)  # polling, up to the deadline

    def stop(self, number: signal.Signals) -> None:
        """End it by a signal, and where that does not within a minute, by force."""
        self._process.send_signal(number)
        try:
            self._process.wait(_HANGS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise ServerDied(self.describe(f"did not end by {number.name}")) from None
        finally:
            self._dismiss_guard()

    def _dismiss_guard(self) -> None:
        if self._guard.poll() is None:
            self._guard.communicate(b"\n")

    def describe(self, fate: str) -> str:
        """Return what became of it, with the end of its log."""
        log = self._log.read_text(errors="replace")
        return f"{self._name} {fate}; its log:\n{log[-_TAIL:]}"
