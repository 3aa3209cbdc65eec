"""The line of `lyftr sign --curl`: a shell sends the very bytes that were signed."""

import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyftr_cli.output.safe_text import escaped
from lyftr_cli.sending.curl_line import curl_line
from lyftr_core.testing import bodies
from tests.support.shell_texts import SHELL_TEXTS

HEADERS = [("X-Signature", "it's 0")]
# Prints what curl would send.
CURL = """curl() {
    while [ "$1" != --data-raw ] && [ "$1" != --data-binary ]; do shift; done
    case "$1 $2" in
        "--data-binary @-") cat ;;
        "--data-raw "*) printf %s "$2" ;;
    esac
}
"""
SHELLS = [shell for shell in ("sh", "bash", "dash", "ksh", "zsh", "busybox") if shutil.which(shell)]
HARD = [
    *(b"", b"-", b"-n", b"@file", b"@-", b"%s%%n\\n\\x", b"\\", b"'", b'"', b"''", b"a'b\"c$d`e`!"),
    *(b"\0", b"\xff", b"\xc3", b"a\nb", b"a\n", b"\n", b"\r\n", b"\t", b"\x1b[31m\x1b]0;x\x07"),
    *("\x9b\x85\u202e\u2028\ufeff".encode(), "é😀\u200d".encode(), b"1\x001", b"\x7f9", b"\\0339"),
    b"x" * 65_537,
]


def sent(line: str, shell: str) -> bytes:
    words = [shell, "sh"] if shell == "busybox" else [shell]
    # From standard input, as when it is pasted: an argument could not be so long.
    done = subprocess.run(words, input=(CURL + line).encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_sends_the_very_bytes(shell: str) -> None:
    lines = [curl_line("http://h/webhook?a=b&c='", HEADERS, body) for body in HARD]
    marks = f"; printf '\\n{'=' * 20}\\n'\n"
    printed = sent(marks.join(lines) + marks, shell)
    assert printed.split(f"\n{'=' * 20}\n".encode())[:-1] == HARD


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.binary() | SHELL_TEXTS | bodies(), min_size=1, max_size=20))
def test_any_bodies_are_sent_as_they_are(found: list[bytes]) -> None:
    lines = [curl_line("http://h/webhook", HEADERS, body) for body in found]
    for line in lines:
        assert escaped(line) == line
    mark = "; printf '\\n=====\\n'\n"
    printed = sent(mark.join(lines) + mark, "sh")
    assert printed == b"".join(body + b"\n=====\n" for body in found)
