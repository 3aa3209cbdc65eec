"""The `.env` file. A line that cannot be read is an error, or a server would start without it."""

import io
import os
import re
import stat
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotenv.parser import Binding

__all__ = ["read_dotenv"]

_BROKEN = "is not NAME=VALUE, or its quotes do not match"
_NO_VALUE = "has no = after the name; write NAME=VALUE"
_MORE_THAN_NAME = "has more than the name {0} before its =; write {0}=VALUE"
_SEVERAL_LINES = "has a value of several lines; close its quotes on the same line"


def read_dotenv(path: Path, names: Collection[str]) -> dict[str, str]:
    """Read the variables in a file. Of a repeated one the last counts.

    Args:
        path: The file; a missing one is as if empty.
        names: The variables that have values of one line.

    Raises:
        ValueError: The file or a line of it cannot be read. The message never repeats the line,
            which may hold a secret.
    """
    text = _text_of(path)
    if not text:
        return {}
    # Here, as many a program has no such file.
    from dotenv.parser import parse_stream  # noqa: PLC0415 - as above

    values: dict[str, str] = {}
    # No interpolation: a secret may hold `${`.
    for binding in parse_stream(io.StringIO(text, newline=None)):
        if fault := _fault(binding, names):
            raise ValueError(f"{path}, line {_line_of(binding)}: the line {fault}")
        if binding.key is not None:
            values[binding.key] = binding.value or ""
    return values


def _text_of(path: Path) -> str:
    try:
        if not _is_file(path.stat()):
            raise ValueError(f"{path} is not a regular file; rename or remove it")
        return _decoded(path.read_bytes(), path)
    except FileNotFoundError:
        if not path.is_symlink():
            return ""
        fault = f"{path} is a link to a file that does not exist"
    except IsADirectoryError:
        fault = f"{path} is a folder, not a file; rename or remove it"
    except OSError as exc:
        fault = f"cannot read {path}: {exc.strerror}"
    raise ValueError(fault)


def _is_file(status: os.stat_result) -> bool:
    """Tell whether reading comes to an end: a pipe without a writer would be waited for."""
    mode = status.st_mode
    is_null = stat.S_ISCHR(mode) and status.st_rdev == Path(os.devnull).stat().st_rdev
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or is_null


def _decoded(content: bytes, path: Path) -> str:
    """Decode a file.

    Raises:
        ValueError: It is not UTF-8, or holds NUL as UTF-16 does.
    """
    try:
        text = content.decode()
        if (place := content.find(b"\0")) < 0:
            return text
    except UnicodeDecodeError as exc:
        place = exc.start
    line = len(content[: place + 1].splitlines())
    raise ValueError(f"{path}, line {line}: the line is not in UTF-8")


def _fault(binding: "Binding", names: Collection[str]) -> str | None:
    if binding.error:
        return _BROKEN
    if binding.key is None:  # a comment, or nothing
        return None
    if binding.value is None:
        return _NO_VALUE
    if (name := re.sub("[^A-Za-z0-9_]", "", binding.key)) in names and name != binding.key:
        return _MORE_THAN_NAME.format(name)
    if binding.key in names and "\n" in binding.original.string.strip():
        return _SEVERAL_LINES
    return None


def _line_of(binding: "Binding") -> int:
    """Return the line of a binding, to which the empty lines before it belong."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
