"""What stands out in a text that was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_cli.output.message_table import parts_of


@pytest.mark.parametrize(
    ("text", "q", "hits"),
    [
        ("Hello hello", "HELLO", ["Hello", "hello"]),
        ("Straße", "ss", ["ß"]),
        ("Straße", "s", ["S", "ß"]),
        ("STRASSE", "ß", ["SS"]),
        ("İx", "i̇x", ["İx"]),
        ("aaa", "aa", ["aa"]),
        ("a", "b", []),
        ("", "b", []),
        ("Hello", None, []),
    ],
)
def test_what_was_searched_for_stands_out(text: str, q: str | None, hits: list[str]) -> None:
    assert [part for part, is_hit in parts_of(text, q) if is_hit] == hits


@given(st.text("aAßsSİi̇x"), st.text("aAßsSİi̇x", min_size=1))
def test_the_parts_are_the_text_and_one_stands_out_where_it_matches(text: str, q: str) -> None:
    parts = list(parts_of(text, q))
    assert "".join(part for part, _ in parts) == text
    assert any(is_hit for _, is_hit in parts) == (q.casefold() in text.casefold())
