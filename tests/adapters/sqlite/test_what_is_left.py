"""What the files still hold of removed messages: nothing, once it is cleared away."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from lyftr_core import Message, Removal, RemoveMessages
from lyftr_core.testing.strategies.samples import NOON
from lyftr_sqlite import SqliteStore, rebuild
from tests.support.stored import assert_nothing_wrong

_SEED = 20_260_115
_MANY = 6_000
_NUMBERS = [f"+4915{number}" for number in range(10_000_000, 99_000_000, 220_007)]
"""None of them begins another."""
_ONE_PAGE_OF_LOG = 32 + 24 + 4_096  # the one with the header, which says that all is done
_RARE = "\u00e4\u00f6\u00fc xyz"  # trigrams that no other text has


def _messages(random: Random) -> list[Message]:
    """Make messages from and to many numbers, some of which are busy."""
    words = [f"{random.randrange(10**6):x}" for _ in range(500)]
    return [
        Message(
            message_id=f"m{count}",
            sender=random.choice(_NUMBERS[: random.randrange(1, len(_NUMBERS))]),
            recipient=random.choice(_NUMBERS),
            ts=NOON + timedelta(seconds=random.randrange(10**6)),
            text=f"{count}: {' '.join(random.choices(words, k=random.randrange(1, 12)))}",
        )
        for count in range(_MANY)
    ]


def _in_files(path: Path, values: Iterable[bytes]) -> list[bytes]:
    """Return those of some values that one of the three files holds."""
    files = [path, *(path.with_name(f"{path.name}-{kind}") for kind in ("wal", "shm"))]
    held = b"".join(file.read_bytes() for file in files if file.exists())
    return [value for value in values if value in held]


def _as_text(numbers: Iterable[str]) -> list[bytes]:
    return [number.encode() for number in numbers]


def _in_lists(numbers: Iterable[str]) -> list[bytes]:
    """Return numbers as the lists by number have them."""
    return [int(number).to_bytes(6, "big") for number in numbers]


async def _add(store: SqliteStore, messages: Sequence[Message]) -> None:
    await asyncio.gather(
        *(
            store.writer.add(message, received_at=NOON + timedelta(seconds=count))
            for count, message in enumerate(messages)
        )
    )


async def test_numbers_and_texts_are_in_no_byte_of_the_files(path: Path) -> None:
    random = Random(_SEED)  # noqa: S311 - the same in each run
    messages = _messages(random)
    gone = set(random.sample(_NUMBERS, 40)) | {_NUMBERS[0]}
    texts = [str(m.text).encode() for m in messages if m.sender in gone or m.recipient in gone]
    async with SqliteStore(f"sqlite:///{path}") as store:
        for first in range(0, _MANY, 500):  # so that pages are split as they are in a long life
            await _add(store, messages[first : first + 500])
            await asyncio.sleep(0.1)
        remove = RemoveMessages(store.remover)
        assert len(_in_files(path, _as_text(gone))) == len(gone)
        for number in gone:
            await remove(Removal(number=number))
        assert await remove.scrub()
        assert _in_files(path, [*_as_text(gone), *texts]) == []
        assert _in_files(path, _as_text(set(_NUMBERS) - gone)) != []
    assert _in_files(path, [*_as_text(gone), *texts]) == []
    # A page of a list that was split may have an entry in bytes that it does not use.
    await asyncio.to_thread(rebuild, path)
    assert _in_files(path, [*_as_text(gone), *texts, *_in_lists(gone)]) == []
    assert _in_files(path, _in_lists(set(_NUMBERS) - gone)) != []
    assert_nothing_wrong(path)


async def test_the_search_index_forgets_what_only_a_removed_text_had(path: Path) -> None:
    async with SqliteStore(f"sqlite:///{path}") as store:
        kept = [_message(f"k{count}", f"kept {count}") for count in range(50)]
        await _add(store, [*kept, _message("gone", _RARE)])
        await asyncio.sleep(0.3)
        await _add(store, [_message("later", "kept too")])
        removal = Removal(received_before=NOON + timedelta(days=1), number="+12")
        await RemoveMessages(store.remover)(removal)
        assert await store.remover.scrub()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search, row)")
        terms = {term for (term,) in database.execute("SELECT term FROM temp.terms")}
    assert "kep" in terms
    assert not {_RARE[at : at + 3] for at in range(len(_RARE) - 2)} & terms


def _message(message_id: str, text: str) -> Message:
    sender = "+12" if message_id == "gone" else "+13"
    return Message(message_id=message_id, sender=sender, recipient="+14", ts=NOON, text=text)


async def test_a_log_that_another_process_reads_is_not_empty_and_soon_can_be(
    path: Path, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints._ATTEMPTS", 3)
    async with SqliteStore(f"sqlite:///{path}") as store:
        await _add(store, [_message("gone", "x")])
        other.execute("BEGIN")
        other.execute("SELECT * FROM messages").fetchall()
        await RemoveMessages(store.remover)(Removal(number="+12"))
        assert not await store.remover.scrub()
        other.execute("COMMIT")
        assert await store.remover.scrub()
        assert path.with_name(f"{path.name}-wal").stat().st_size <= _ONE_PAGE_OF_LOG


async def test_what_was_not_cleared_away_is_remembered_in_the_file(path: Path) -> None:
    async with SqliteStore(f"sqlite:///{path}") as store:
        await _add(store, [_message("k", "kept"), _message("gone", _RARE)])
        await asyncio.sleep(0.3)  # until both are in the index
        await _add(store, [_message("later", "kept too")])
        await store.remover.remove(Removal(number="+12"), 0)
        assert _mark(path) != 0
    async with SqliteStore(f"sqlite:///{path}") as store:  # as after a kill: nothing more to remove
        assert await RemoveMessages(store.remover)(Removal(number="+12")) == 0
        assert await store.remover.scrub()
    assert _mark(path) == 0


async def test_where_nothing_is_left_nothing_is_written(path: Path) -> None:
    async with SqliteStore(f"sqlite:///{path}") as store:
        await _add(store, [_message("gone", "x")])
        await RemoveMessages(store.remover)(Removal(number="+12"))
        assert await store.remover.scrub()
    before = path.read_bytes()
    async with SqliteStore(f"sqlite:///{path}").reading() as store:
        assert await store.remover.scrub()
    assert path.read_bytes() == before


async def test_what_is_removed_meanwhile_is_not_taken_for_cleared_away(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SqliteStore(f"sqlite:///{path}") as store:
        await _add(store, [_message("gone", "x"), _message("kept", "y")])
        await store.remover.remove(Removal(number="+12"), 0)
        empty = store._checkpointer.empty

        async def remove_more() -> bool:
            await store.remover.remove(Removal(number="+13"), 0)
            return await empty()

        monkeypatch.setattr(store._checkpointer, "empty", remove_more)
        assert await store.remover.scrub()
        assert _mark(path) != 0


def _mark(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        (mark,) = database.execute("PRAGMA user_version").fetchone()
    return int(mark)
