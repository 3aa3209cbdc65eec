"""Commands of `lyftr` in processes of their own, which tests interrupt and kill."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.server import LYFTR, PATIENCE, environment

__all__ = ["Process", "running", "running_with_pipes", "wait_for"]

Process = subprocess.Popen[bytes]


def running(folder: Path, *arguments: str, **variables: str) -> AbstractContextManager[Process]:
    """Start a command without reading its output; kill it on exit.

    Args:
        folder: Where it runs.
        arguments: The command and its options.
        variables: Settings.
    """
    return _started(folder, arguments, variables, subprocess.DEVNULL)


def running_with_pipes(
    folder: Path, *arguments: str, **variables: str
) -> AbstractContextManager[Process]:
    """Start a command as `running` does, with pipes for its standard output and standard error."""
    return _started(folder, arguments, variables, subprocess.PIPE)


@contextmanager
def _started(
    folder: Path, arguments: Sequence[str], variables: Mapping[str, str], output: int
) -> Iterator[Process]:
    with subprocess.Popen(
        [*LYFTR, *arguments],
        cwd=folder,
        env=environment(**variables),
        stdout=output,
        stderr=output,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)


def wait_for(condition: Callable[[], object], process: Process) -> None:
    """Wait until a condition holds, or the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)  # polling, up to the deadline
