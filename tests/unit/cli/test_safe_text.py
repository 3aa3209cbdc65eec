"""What strangers write, before a terminal sees it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_cli.output.output import json_line
from lyftr_cli.output.safe_text import escaped, escaped_json

JOINERS = "\u200c\u200d"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def disturbs(char: str) -> bool:
    return char not in JOINERS and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hello \\ é 漢 \U0001f468\u200d\U0001f469 \xa0क्\u200dष", None),
        ("a\x1b[31m\x07\x7f\x9b", "a\\u001b[31m\\u0007\\u007f\\u009b"),
        ("two\r\n\tlines\u2028\u2029", "two\\r\\n\\tlines\\u2028\\u2029"),
        ("\u202eleft\u2066\u200f\ufeff\xad", "\\u202eleft\\u2066\\u200f\\ufeff\\u00ad"),
        ("\U000e0001\ud800", "\\udb40\\udc01\\ud800"),
    ],
)
def test_what_disturbs_a_terminal_is_written_as_an_escape(text: str, shown: str | None) -> None:
    assert escaped(text) == (text if shown is None else shown)


@given(ANY_TEXT)
def test_no_text_keeps_a_character_that_disturbs(text: str) -> None:
    assert not any(map(disturbs, escaped(text)))


@given(ANY_TEXT)
def test_json_is_one_harmless_line_and_reads_as_the_same_value(text: str) -> None:
    line = json_line({"text": text}).decode()
    assert not any(map(disturbs, line))
    assert json.loads(line) == {"text": text}


def test_escaping_json_twice_changes_nothing_more() -> None:
    once = escaped_json('{"a":"\u202e é"}')
    assert once == '{"a":"\\u202e é"}'
    assert escaped_json(once) == once
