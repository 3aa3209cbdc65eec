"""What one process keeps of the log for its streams: bounded, and never with a gap."""

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import pytest

from lyftr_core import LogRun, MessageFilter, StoredMessage
from lyftr_core.testing.strategies.samples import EVERYTHING, sample
from lyftr_http.stream.live_feed import CHUNK, MOST_BYTES, MOST_MESSAGES, SEARCHED, Chunk, LiveFeed

_NOW = datetime(2026, 1, 15, tzinfo=UTC)


def run(first: int, last: int, text: str | None = "Hello", through: int = 0) -> LogRun:
    stored = [
        StoredMessage(message=sample(f"m{seq}", text=text), received_at=_NOW, seq=seq)
        for seq in range(first, last + 1)
    ]
    return LogRun(messages=tuple(stored), through=through or last, has_more=False)


def seqs(chunk: Chunk) -> list[int]:
    lines = chunk.data.decode().split("\n")
    return [int(line.removeprefix("id: ")) for line in lines if line.startswith("id: ")]


def walk(feed: LiveFeed, position: int, query: MessageFilter = EVERYTHING) -> list[Chunk]:
    """Return the chunks from a position to the end."""
    chunks = []
    while position < feed.end:
        chunks.append(feed.chunk(position, query))
        position = chunks[-1].through
    return chunks


async def test_every_position_within_is_followed_by_all_that_comes_behind_it() -> None:
    feed = LiveFeed(10)
    feed.extend(run(11, 13))
    feed.extend(run(15, 16, through=20))
    for position in range(10, 21):
        (chunk,) = walk(feed, position) or [feed.chunk(position, EVERYTHING)]
        assert seqs(chunk) == [seq for seq in (11, 12, 13, 15, 16) if seq > position]
        assert (chunk.messages, chunk.through) == (len(seqs(chunk)), 20)


async def test_position_beyond_the_end_stays_where_it_is() -> None:
    feed = LiveFeed(10)
    assert feed.chunk(12, EVERYTHING) == Chunk(b"", 0, 12)
    feed.extend(run(11, 13))
    assert seqs(feed.chunk(12, EVERYTHING)) == [13]


async def test_pieces_are_cut_behind_a_message() -> None:
    feed = LiveFeed(0)
    feed.extend(run(1, 300, text="x" * 4_000))
    chunks = walk(feed, 0)
    assert len(chunks) > 10
    assert list(itertools.chain(*map(seqs, chunks))) == [*range(1, 301)]
    assert max(len(chunk.data) for chunk in chunks) < CHUNK + 5_000


async def test_filter_takes_its_own_and_comes_to_the_end_all_the_same() -> None:
    feed = LiveFeed(0)
    feed.extend(run(1, 3))
    feed.extend(run(4, 5, text="straße"))
    feed.extend(run(6, 7))
    (chunk,) = walk(feed, 0, MessageFilter(q="STRASSE"))
    assert (seqs(chunk), chunk.through) == ([4, 5], 7)


@contextmanager
def folds() -> Iterator[Counter[str]]:
    """Counts how often each string is folded."""
    count: Counter[str] = Counter()

    def note(_frame: FrameType, event: str, called: Any) -> None:  # noqa: ANN401 - any built-in
        if event == "c_call" and called.__name__ == "casefold":
            count[called.__self__] += 1

    sys.setprofile(note)
    try:
        yield count
    finally:
        sys.setprofile(None)


async def test_text_and_query_are_folded_once_for_all_streams() -> None:
    feed = LiveFeed(0)
    feed.extend(run(1, 2, text="straße"))
    queries = [MessageFilter(q=q) for q in ("STRASSE", "elsewhere")]
    with folds() as count:
        for _ in range(3):
            assert [seqs(feed.chunk(0, query)) for query in queries] == [[1, 2], []]
        feed.wake()
        assert seqs(feed.chunk(0, queries[0])) == [1, 2]
    assert count == {"straße": 2, "STRASSE": 1, "elsewhere": 1}  # two messages


async def test_nothing_is_folded_for_streams_without_q() -> None:
    feed = LiveFeed(0)
    feed.extend(run(1, 2, text="straße"))
    with folds() as count:
        feed.chunk(0, EVERYTHING)
        feed.chunk(0, MessageFilter(sender="+12"))
    assert not count


async def test_search_looks_at_few_texts_for_each_piece_and_at_all_in_the_end() -> None:
    feed = LiveFeed(0)
    feed.extend(run(1, 3 * SEARCHED, text="straße"))
    feed.extend(run(3 * SEARCHED + 1, 3 * SEARCHED + 1, text="elsewhere", through=100))
    with folds() as count:
        chunks = walk(feed, 0, MessageFilter(q="elsewhere"))
        assert count["straße"] == 3 * SEARCHED
    assert [chunk.through for chunk in chunks] == [SEARCHED, 2 * SEARCHED, 3 * SEARCHED, 100]
    assert seqs(chunks[-1]) == [3 * SEARCHED + 1]


async def test_folded_texts_count_among_what_is_kept() -> None:
    feed = LiveFeed(0)
    text = "é" * 4_096
    for first in range(1, 1_001, 100):
        feed.extend(run(first, first + 99, text=text))
        assert walk(feed, feed.start, MessageFilter(q="elsewhere"))
    feed.wake()
    kept = feed.end - feed.start
    folded = len(text)  # a byte for each character
    assert MOST_BYTES * 0.9 < kept * (2 * len(text) + folded + 250) < MOST_BYTES * 1.01
    feed.extend(run(1_001, 3_000, text="é"))
    assert feed.end - feed.start == MOST_MESSAGES


async def test_message_without_text_holds_nothing() -> None:
    feed = LiveFeed(0)
    feed.extend(run(1, 1, text=None))
    assert seqs(feed.chunk(0, MessageFilter(q="None"))) == []


@pytest.mark.parametrize("text", ["x", "x" * 4_096])
async def test_it_keeps_the_last_messages_alone_and_says_from_where(text: str) -> None:
    feed = LiveFeed(0)
    for first in range(1, 5_001, 500):
        feed.extend(run(first, first + 499, text=text))
    kept = list(itertools.chain(*map(seqs, walk(feed, feed.start))))
    assert kept == [*range(feed.start + 1, 5_001)]
    assert len(kept) <= MOST_MESSAGES
    assert len(kept) * len(text) <= MOST_BYTES
    assert len(kept) == MOST_MESSAGES or len(kept) * (len(text) + 200) > MOST_BYTES * 0.9


async def test_what_is_old_is_forgotten_at_the_next_wake() -> None:
    feed = LiveFeed(0, oldest=0.05)
    feed.extend(run(1, 3))
    assert feed.start == 0
    await asyncio.sleep(0.1)
    feed.extend(run(4, 5))
    assert (feed.start, feed.end) == (3, 5)
    assert seqs(feed.chunk(3, EVERYTHING)) == [4, 5]


async def test_who_waits_hears_of_what_comes_and_of_the_end() -> None:
    feed = LiveFeed(0)
    waiting = [asyncio.create_task(feed.news()) for _ in range(3)]
    await asyncio.sleep(0)
    feed.extend(run(1, 1))
    await asyncio.gather(*waiting)
    last = asyncio.create_task(feed.news())
    await asyncio.sleep(0)
    feed.close()
    await last
    assert feed.is_over
    await asyncio.wait_for(feed.news(), 10)  # who was busy as it ended does not wait for ever
