"""A shell command that delivers a signed body, safe to print on a terminal and to paste."""

import shlex
from collections.abc import Sequence

import click

from lyftr_cli.output.safe_text import escaped

__all__ = ["curl_line"]

_LONGEST_ARGUMENT = 65_536
"""In bytes: Linux takes one of twice the size, and no larger."""
_SHORT = {"%": "%%", "\\": "\\\\", "\n": "\\n"}


def curl_line(url: str, headers: Sequence[tuple[str, str]], body: bytes) -> str:
    """Return a line that delivers a signed body with curl, byte for byte, in any POSIX shell.

    A body that a shell argument cannot carry, that would disturb a terminal, or that a terminal
    would change when it is pasted, is written by `printf`, with those bytes in octal.

    Args:
        url: Where to.
        headers: What signs the body.
        body: The body.

    Raises:
        click.UsageError: The URL contains a control character.
    """
    if escaped(url) != url:
        raise click.UsageError(f"--url {escaped(url)} contains a control or format character")
    sent = [("Content-Type", "application/json"), *headers]
    options = [word for name, value in sent for word in ("-H", f"{name}: {value}")]
    curl = ["curl", "-sS", url, *options]
    text = _harmless(body)
    if text is not None and len(body) <= _LONGEST_ARGUMENT:
        return shlex.join([*curl, "--data-raw", text])
    return f"printf {shlex.quote(_as_format(body))} | {shlex.join([*curl, '--data-binary', '@-'])}"


def _harmless(body: bytes) -> str | None:
    """Return a body as text on one line, or `None` where it is not that."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if escaped(text) == text else None


def _as_format(body: bytes) -> str:
    """Return what `printf` takes to write a body; what is harmless stays readable."""
    text = body.decode(errors="surrogateescape")
    # A first hyphen would begin an option.
    if text.startswith("-"):
        return _octal("-") + "".join(map(_format_of, text[1:]))
    return "".join(map(_format_of, text))


def _format_of(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    return char if escaped(char) == char else _octal(char)


def _octal(char: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in char.encode(errors="surrogateescape"))
