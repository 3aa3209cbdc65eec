"""What stands out in a text that was found: the rule of `MessageFilter.matches`."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import Message, MessageFilter
from lyftr_core.selection import found_in, highlighted

# Case folding keeps, lengthens or joins these.
_LETTERS = "aAßẞsSİi̇xΣςŉﬁﬃ \N{LATIN SMALL LETTER LONG S}\N{LATIN SMALL LETTER DOTLESS I}"
_TEXTS = st.text(_LETTERS) | st.text()
_SEARCHES = st.text(_LETTERS, min_size=1, max_size=4)
_MOMENT = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "q", "hits"),
    [
        ("Hello hello", "HELLO", ["Hello", "hello"]),
        ("Straße", "ss", ["ß"]),
        ("Straße", "s", ["S", "ß"]),
        ("STRASSE", "ß", ["SS"]),
        ("İx", "i̇x", ["İx"]),
        ("aaa", "aa", ["aa"]),
        ("sasßas", "sas", ["sas", "ßas"]),
        ("asßas", "sas", ["ßas"]),
        ("sßs", "ss", ["sß", "s"]),
        ("a", "b", []),
        ("", "b", []),
        ("Hello", None, []),
    ],
)
def test_what_was_searched_for_stands_out(text: str, q: str | None, hits: list[str]) -> None:
    assert [part for part, is_hit in highlighted(text, q) if is_hit] == hits


@given(_TEXTS, _SEARCHES)
def test_the_parts_are_the_text_and_none_is_empty(text: str, q: str) -> None:
    parts = [part for part, _ in highlighted(text, q)]
    assert "".join(parts) == text
    assert all(parts)


@given(_TEXTS.filter(lambda text: "\0" not in text and not _has_surrogates(text)), _SEARCHES)
def test_something_stands_out_exactly_where_the_filter_matches(text: str, q: str) -> None:
    message = Message(message_id="m", sender="+12", recipient="+13", ts=_MOMENT, text=text)
    hits = [part for part, is_hit in highlighted(text, q) if is_hit]
    assert bool(hits) == MessageFilter(q=q).matches(message)


@given(_TEXTS, _SEARCHES)
def test_each_place_holds_the_search_text_in_order(text: str, q: str) -> None:
    places = list(found_in(text, q))
    assert all(q.casefold() in text[start:stop].casefold() for start, stop in places)
    assert places == sorted(places)
    assert len(places) == text.casefold().count(q.casefold())


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
