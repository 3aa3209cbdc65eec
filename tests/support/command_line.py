"""The command line in this process: what a shell would see of it, without starting Python."""

import gc
import io
import logging
import os
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager, suppress
from pathlib import Path
from typing import IO
from unittest import mock

import pytest

from lyftr_cli.closed_streams import replace_closed_streams
from lyftr_cli.main import run
from tests.support.server import PATIENCE, Lyftr, environment
from tests.support.terminal import open_terminal

__all__ = ["lyftr_in_process"]

Redirected = Mapping[int, IO[bytes] | None]
_NONE: Redirected = {}


@pytest.fixture(name="lyftr")
def lyftr_in_process(tmp_path: Path, database_variables: dict[str, str]) -> Lyftr:
    """Run a command of `lyftr` in the folder of the test.

    `columns` gives it a terminal of that width for its standard streams; what it prints there is
    its `stdout`. `redirected` is as in `_run_here`.
    """

    def run_one(
        *arguments: str,
        stdin: bytes = b"",
        columns: int | None = None,
        redirected: Redirected = _NONE,
        **variables: str,
    ) -> subprocess.CompletedProcess[bytes]:
        given = environment(**{**database_variables, **variables})
        if columns is not None:
            return _run_on_a_terminal_here(tmp_path, *arguments, environment=given, columns=columns)
        return _run_here(
            tmp_path, *arguments, stdin=stdin, redirected=redirected, environment=given
        )

    return run_one


def _run_here(
    folder: Path,
    *arguments: str,
    stdin: bytes = b"",
    redirected: Redirected = _NONE,
    environment: Mapping[str, str],
) -> subprocess.CompletedProcess[bytes]:
    """Run `lyftr` as a process would: with descriptors 0 to 2, folder and environment of its own.

    An exception that leaves the command leaves this function too: it would be a traceback. A thread
    that outlives the command fails the test: its process would never end.

    Args:
        folder: Where it runs.
        arguments: The command and its options.
        stdin: What it reads there.
        redirected: Other files for some of the three descriptors; `None` closes one.
        environment: All its variables.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(stdin)
        files[0].seek(0)
        streams = [redirected.get(number, file) for number, file in enumerate(files)]
        status = _run(folder, arguments, environment, streams)
        for file in files[1:]:
            file.seek(0)
        return subprocess.CompletedProcess(
            ["lyftr", *arguments], status, files[1].read(), files[2].read()
        )


def _run_on_a_terminal_here(
    folder: Path, *arguments: str, environment: Mapping[str, str], columns: int
) -> subprocess.CompletedProcess[bytes]:
    """Run `lyftr` as `_run_here` does, with its three standard streams on one terminal."""
    descriptor, other, seen = open_terminal(environment, columns)
    with _reading(descriptor) as printed, os.fdopen(other, "r+b", buffering=0) as stream:
        status = _run(folder, arguments, seen, [stream] * 3)
    return subprocess.CompletedProcess(["lyftr", *arguments], status, bytes(printed), b"")


@contextmanager
def _reading(descriptor: int) -> Iterator[bytearray]:
    """Read a terminal until nothing has it open; at the end, the bytes are all that was printed."""
    printed = bytearray()

    def read() -> None:
        with suppress(OSError):  # Linux reports a closed terminal this way
            while more := os.read(descriptor, 65_536):
                printed.extend(more)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield printed
    finally:
        thread.join()
        os.close(descriptor)


def _run(
    folder: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    streams: Sequence[IO[bytes] | None],
) -> int:
    with ExitStack() as stack:
        stack.enter_context(_no_thread_left())
        stack.enter_context(chdir(folder))
        stack.enter_context(mock.patch.dict(os.environ, environment, clear=True))
        stack.enter_context(mock.patch.object(sys, "argv", ["lyftr", *arguments]))
        # Freezing is for processes that end soon; here it would keep every test's garbage.
        stack.enter_context(mock.patch.object(gc, "freeze"))
        stack.enter_context(_logging_put_back())
        stack.enter_context(_standard_streams(streams))
        replace_closed_streams()
        return _status()


@contextmanager
def _no_thread_left() -> Iterator[None]:
    """Wait for threads that are not daemons, as Python does on exit; fail if one does not end."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in set(threading.enumerate()) - before if not thread.daemon]
    for thread in left:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in left), left


def _status() -> int:
    """Run the command and return its exit status, as Python derives it from `SystemExit`."""
    try:
        run()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    finally:
        if sys.stdout:  # None after an error was printed
            sys.stdout.flush()
        with suppress(OSError):  # so does Python
            sys.stderr.flush()
    return 0


@contextmanager
def _standard_streams(streams: Sequence[IO[bytes] | None]) -> Iterator[None]:
    """Put files where descriptors 0 to 2 were, and `sys.stdin`, `stdout` and `stderr` over them."""
    with ExitStack() as stack:
        for number, stream in enumerate(streams):
            kept = os.dup(number)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, number)
            if stream is None:
                os.close(number)
            else:
                os.dup2(stream.fileno(), number)
        encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
        for number, (name, mode) in enumerate([("stdin", "r"), ("stdout", "w"), ("stderr", "w")]):
            if streams[number] is None:
                stack.enter_context(mock.patch.object(sys, name, None))
                continue
            raw = io.FileIO(number, mode, closefd=False)
            raw.name = f"<{name}>"
            unbuffered = mode == "w" and bool(os.environ.get("PYTHONUNBUFFERED"))
            text = io.TextIOWrapper(
                # Python too puts the file itself there, and not a buffer of it.
                raw if unbuffered else _buffer(raw),
                encoding,
                "surrogateescape" if mode == "r" else "strict",
                line_buffering=raw.isatty(),
                write_through=unbuffered,
            )
            stack.callback(_flush_or_discard, text, number)
            stack.enter_context(mock.patch.object(sys, name, text))
        yield


def _buffer(raw: io.FileIO) -> io.BufferedReader | io.BufferedWriter:
    return io.BufferedReader(raw) if raw.readable() else io.BufferedWriter(raw)


def _flush_or_discard(text: io.TextIOWrapper, number: int) -> None:
    try:
        text.flush()
    except OSError:
        with Path(os.devnull).open("wb") as null:
            os.dup2(null.fileno(), number)
        text.flush()


@contextmanager
def _logging_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        with warnings.catch_warnings():
            yield
    finally:
        root.handlers, root.level = handlers, level
        logging.captureWarnings(capture=False)
