"""The calls of a server that write, sync and answer, as strace sees them, in their order."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

__all__ = ["Call", "calls", "tracing"]

_TRACED = "openat,pwrite64,ftruncate,fsync,fdatasync,unlink,write,writev,sendto,sendmsg"
_HANGS = 60.0
_WHOLE = re.compile(rb"(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BEGUN = re.compile(rb"(\d+) +(\w+)\((.*) <unfinished \.\.\.>")
_ENDED = re.compile(rb"(\d+) +<\.\.\. (\w+) resumed>.*\) += (-?\d+)")
_HEX = re.compile(rb"(?:\\x[0-9a-f]{2})+")
_FILE = re.compile(rb"^\d+<((?:\\x[0-9a-f]{2})+)>")
_STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')


class Call(NamedTuple):
    """A call of the system as it begins, or as it ends.

    Attributes:
        number: The same at its beginning and its end.
        name: Such as `pwrite64`.
        ended: Whether this is its end.
        worked: At its end, whether it did what was asked.
        path: The file, by descriptor or name; empty for a socket.
        data: What is written, or the first part of it that is one string.
        rest: The other arguments, as strace prints them.
    """

    number: int
    name: str
    ended: bool
    worked: bool
    path: str
    data: bytes
    rest: bytes


def tracing(trace: Path) -> list[str]:
    """Return what begins a command whose calls are to be traced into a file.

    The test is skipped where strace is missing, or may not trace.
    """
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is missing")
    tried = subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"strace may not trace: {tried.stderr.decode().strip()}")
    # As a grandchild (-D), so that signals reach the server itself.
    options = ("-D", "-f", "-q", "-y", "-xx", "-s", "1000000", "-e", "signal=none")
    return [strace, *options, "-e", f"trace={_TRACED}", "-o", str(trace), "--"]


def calls(trace: Path) -> Iterator[Call]:
    """Yield each call once or, where others come between, as it begins and as it ends."""
    begun: dict[bytes, Call] = {}
    for number, line in enumerate(_lines(trace)):
        if found := _WHOLE.match(line):
            call = _call(number, found[2], found[3])
            yield call
            yield call._replace(ended=True, worked=int(found[4]) >= 0)
        elif found := _BEGUN.match(line):
            begun[found[1]] = _call(number, found[2], found[3])
            yield begun[found[1]]
        elif (found := _ENDED.match(line)) and found[1] in begun:
            yield begun.pop(found[1])._replace(ended=True, worked=int(found[3]) >= 0)


def _lines(trace: Path) -> list[bytes]:
    """Read the trace once the last process has ended in it."""
    deadline = time.monotonic() + _HANGS
    while not (lines := trace.read_bytes().splitlines()) or b"+++" not in lines[-1]:
        assert time.monotonic() < deadline, "strace does not come to its end"
        time.sleep(0.1)
    return lines


def _call(number: int, name: bytes, arguments: bytes) -> Call:
    file = _FILE.match(arguments)
    strings = _STRING.findall(arguments)
    named = name in {b"openat", b"unlink"}
    path = strings[0] if named and strings else file[1] if file else b""
    data = b"" if named or not strings else _decoded(strings[0])
    rest = _STRING.sub(b"", arguments)
    return Call(number, name.decode(), False, False, _decoded(path).decode(), data, rest)


def _decoded(hexadecimal: bytes) -> bytes:
    return bytes.fromhex(hexadecimal.replace(b"\\x", b"").decode())
