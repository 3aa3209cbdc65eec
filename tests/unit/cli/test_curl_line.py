"""The `curl` line is one printable line."""

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lyftr_cli.sending.curl_line import curl_line
from tests.support.shell_texts import SHELL_TEXTS

HEADERS = [("X-Signature", "it's 0")]


@given(st.binary() | SHELL_TEXTS)
@example(b"\x1b[31m")
def test_the_line_is_one_line_without_control_characters(body: bytes) -> None:
    line = curl_line("http://h/webhook", HEADERS, body)
    assert not [char for char in line if ord(char) < 32 or 127 <= ord(char) < 160]


def test_an_ordinary_body_stays_readable() -> None:
    line = curl_line("http://h/webhook", [], '{"text": "é @"}'.encode())
    assert line.endswith(""" --data-raw '{"text": "é @"}'""")
    line = curl_line("http://h/webhook", [], b'{\n  "n": "50%"\n}\n')
    assert line.startswith("""printf '{\\n  "n": "50%%"\\n}\\n' | curl """)
    assert line.endswith(" --data-binary @-")


@pytest.mark.parametrize("url", ["http://h/\x1b[31m", "http://h/\n", "http://h/\u202e"])
def test_a_url_that_disturbs_a_terminal_is_refused(url: str) -> None:
    with pytest.raises(click.UsageError, match="control or format character") as caught:
        curl_line(url, HEADERS, b"{}")
    assert caught.value.message.isprintable()
