"""Searching through the index finds what `q.casefold() in text.casefold()` says, and no more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lyftr_core import Message, MessageFilter, Selection
from lyftr_core.testing import texts
from lyftr_sqlite.reading.access_paths import by_trigrams
from lyftr_sqlite.reading.conditions import is_indexed, trigram_query
from tests.support import upgraded_databases as examples
from tests.support.examples import example_count
from tests.support.sqlite_files import NOW, Database, event_loop, insert_many, open_database
from tests.support.stored import assert_nothing_wrong

_PARTS_OF_INDEX = "SELECT count(DISTINCT id >> 37) FROM search_data WHERE id >> 37"
_parts = st.tuples(st.integers(0, 40), st.integers(2, 256))


async def _fill(database: Database, kept: list[str | None]) -> None:
    await database.add(
        Message(message_id=f"m{n:04}", sender="+12", recipient="+34", ts=NOW, text=text)
        for n, text in enumerate(kept)
    )
    await database.fold()


async def _find(database: Database, q: str) -> list[int]:
    """Return which texts are found, by the index and nothing else."""
    query = MessageFilter(q=q)
    path = by_trigrams(query, q)
    async with database.reading.connect() as connection:
        rows = await connection.execute(path.places(Selection(filter=query, limit=1_000)))
        found = [int(row.message_id[1:]) for row in rows]
        assert (await connection.execute(select(path.count()))).scalar_one() == len(found)
    return found


def _expected(kept: list[str | None], q: str) -> list[int]:
    return [n for n, text in enumerate(kept) if q.casefold() in (text or "").casefold()]


@pytest.fixture(autouse=True)
def a_test_that_hangs_fails() -> None:
    """An example that hangs fails by itself; to make a failure small takes minutes."""


def test_random_texts_are_found_by_their_parts_and_by_nothing_else() -> None:
    with event_loop() as run:

        @given(
            kept=st.lists(
                st.none() | examples.texts | texts(max_size=300), min_size=3, max_size=12
            ),
            searches=st.lists(examples.searches | texts(min_size=1, max_size=256), max_size=6),
            parts=st.lists(_parts, min_size=3, max_size=6),
        )
        @settings(max_examples=example_count(40))
        def hold(kept: list[str | None], searches: list[str], parts: list[tuple[int, int]]) -> None:
            cut = [text[at : at + length] for text in kept if text for at, length in parts]
            asked = {q for q in searches + cut if q and is_indexed(q)}
            run(_compare(kept, sorted(asked)))

        hold()


async def _compare(kept: list[str | None], searches: list[str]) -> None:
    async with open_database() as database:
        await _fill(database, kept)
        for q in searches:
            assert await _find(database, q) == _expected(kept, q), q


_SPECIAL = [
    *("AND", "x AND y", "a OR b", "NOT", "NEAR", "NEAR(a b, 2)", "abc*", "^abc", "text:abc"),
    *("a - b", "(abc)", ")))", "{text}: a", "+++", "a + b", '"""', 'say "yes"', "'''", "it's"),
    *("100%", "%%%", "___", "\\\\\\", "a\\b", "; DROP TABLE search; --", "?1?", ":q:", "@@@"),
    *("   ", "\n\r\t", "\x01\x02\x03", "\ufffe\uffff\ufffd", "\ufffd\ufffd\ufffd", "\ufeffab"),
    *("\U0001f600\U0001f601\U0001f602", "\U0010ffff\U0010fffe\U0010ffff", "\U0001f600ab"),
    *("\u00dfs", "\ufb03", "\u1e9e\u1e9e", "\u0130a", "\u017f\u017f\u017f", "\u212a\u212a\u212a"),
    *("\u0390", "\u0149a", "e\u0301e", "\u00c9\u00c9\u00c9", "\u03a3\u03c2\u03c3"),
]


async def test_characters_that_mean_something_elsewhere_are_plain_here() -> None:
    kept: list[str | None] = [
        *(f"before {text} after" for text in _SPECIAL),
        *(text.casefold() for text in _SPECIAL),
        *(text[:-1] for text in _SPECIAL),
        *(text[::-1] for text in _SPECIAL),
        None,
        "",
    ]
    async with open_database() as database:
        await _fill(database, kept)
        for q in _SPECIAL:
            assert is_indexed(q)
            assert await _find(database, q) == _expected(kept, q), q


@pytest.mark.parametrize(
    ("q", "indexed"),
    [
        ("ab", False),
        ("\u00df", False),  # becomes two characters
        ("\u0130", False),  # becomes two characters
        ("\u00dfs", True),  # becomes three characters
        ("\ufb03", True),  # becomes three characters
        ("\U0001f600\U0001f601", False),
    ],
)
def test_the_index_is_asked_for_three_characters_after_folding(q: str, indexed: bool) -> None:  # noqa: FBT001 - a case
    assert is_indexed(q) is indexed


async def test_the_longest_search_finds_its_text_and_no_other_with_the_same_beginning() -> None:
    q = "".join(chr(0x4E00 + n) for n in range(256))
    others = [q[:-1] + "x", "x" + q[1:], q[128:] + q[:128], q[:70] + "x" + q[71:], q[:255]]
    async with open_database() as database:
        await _fill(database, [f"<{q}>", q, *others])
        assert await _find(database, q) == [0, 1]
    assert trigram_query(q).count(" AND ") < 64


async def test_repeated_trigrams_do_not_stand_for_a_repeated_text() -> None:
    async with open_database() as database:
        await _fill(database, ["aaa", "aaaa", "abcabc", "abc bca cab", "abcab"])
        assert await _find(database, "aaaa") == [1]
        assert await _find(database, "abcabc") == [2]
        assert await _find(database, "A" * 256) == []


async def test_the_parts_of_the_index_stay_few_however_often_it_is_folded() -> None:
    async with open_database() as database:
        most = 0
        for _ in range(300):
            insert_many(database.plain, 3)
            await database.fold(["search"], 16)
            most = max(most, database.plain.execute(_PARTS_OF_INDEX).fetchone()[0])
        assert 16 <= most <= 3 * 16
        assert_nothing_wrong(database.path)
