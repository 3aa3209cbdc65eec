"""What SQLite folds by itself and what is stored beside it are together `str.casefold`."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given

from lyftr_core.testing import texts
from lyftr_sql.rows import fold_beyond_ascii
from tests.support.upgraded_databases import WORDS

_SURROGATES = range(0xD800, 0xE000)
_STEP = 4_096


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


def _lower(database: sqlite3.Connection, text: str) -> str:
    return str(database.execute("SELECT lower(?)", [text]).fetchone()[0])


@given(text=texts())
def test_any_text_is_folded_and_only_what_sqlite_cannot_is_stored(
    database: sqlite3.Connection, text: str
) -> None:
    lower, folded = _lower(database, text), fold_beyond_ascii(text)
    assert (lower if folded is None else folded) == text.casefold()
    assert (folded is None) == (lower == text.casefold())


@pytest.mark.parametrize("text", [*WORDS, "", "Zz", "A\u00e9", "a\u00c9", "\u0138", "@[`{"])
def test_awkward_texts_are_folded_too(database: sqlite3.Connection, text: str) -> None:
    lower, folded = _lower(database, text), fold_beyond_ascii(text)
    assert (lower if folded is None else folded) == text.casefold()
    assert (folded is None) == (lower == text.casefold())


def test_every_character_is_folded(database: sqlite3.Connection) -> None:
    for first in range(1, sys.maxunicode + 1, _STEP):
        codes = range(first, min(first + _STEP, sys.maxunicode + 1))
        text = "".join(chr(code) for code in codes if code not in _SURROGATES)
        folded = fold_beyond_ascii(text)
        assert (_lower(database, text) if folded is None else folded) == text.casefold()
