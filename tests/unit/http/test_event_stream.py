"""One stream over a repository in memory: what comes, in which order, and what ends it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lyftr_core import (
    InMemoryMessageRepository,
    LogRun,
    LogSelection,
    MessageFilter,
    StorageUnavailable,
)
from lyftr_core.testing.strategies.samples import EVERYTHING, fill, sample
from lyftr_http.exchange.errors import TooManyInFlight
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.observability.metrics import Metrics
from lyftr_http.stream.event_stream import EventStreams
from lyftr_http.stream.live_feed import MOST_MESSAGES, SEARCHED
from lyftr_http.stream.live_log import CommitSignal, LiveLog
from tests.support.listener import Listener

_OFTEN = 0.02


class Log(InMemoryMessageRepository):
    """It can fail for a while, and counts how many read it behind the feed."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False
        self.read_for_one = 0
        self.lost = 0

    async def read_log(self, selection: LogSelection) -> LogRun:
        self._may_fail()
        self.read_for_one += selection.limit < 100
        return await super().read_log(selection)

    async def last_seq(self) -> int:
        self._may_fail()
        return await super().last_seq() - self.lost

    def _may_fail(self) -> None:
        if self.fails:
            raise StorageUnavailable("not now")


class Streams:
    """Everything that one process has of streams."""

    def __init__(self, limit: int = 5) -> None:
        self.log = Log()
        self.metrics = Metrics()
        self.live = LiveLog(self.log, CommitSignal(), wake=_OFTEN)
        self.all = EventStreams(self.live, InFlight(limit), self.metrics, silence=_OFTEN)

    def listen(self, query: MessageFilter = EVERYTHING, after: int | None = None) -> Listener:
        return Listener(self.all.open(query, after))

    async def add(self, *names: str, sender: str = "+12", text: str = "Hello") -> None:
        await fill(self.log, [sample(name, sender=sender, text=text) for name in names])

    def metric(self, name: str) -> float:
        for line in self.metrics.render().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[-1])
        raise AssertionError(name)


@pytest.fixture
async def streams() -> AsyncIterator[Streams]:
    made = Streams()
    yield made
    await made.live.close()


async def test_stream_begins_with_what_comes_from_now_on(streams: Streams) -> None:
    await streams.add("a", "b")
    async with streams.listen() as listener:
        await streams.add("d", "c")
        assert await listener.ids(2) == ["d", "c"]
        assert listener.text.startswith("retry: 2000\nid: 2\n\nid: 3\nevent: message\ndata: {")


async def test_id_is_known_before_the_first_message(streams: Streams) -> None:
    await streams.add("a", "b")
    async with streams.listen() as listener:
        await listener.until(lambda: listener.text)
        assert listener.last_event_id == 2


@pytest.mark.parametrize(("after", "expected"), [(0, "abcde"), (1, "bcde"), (3, "de")])
async def test_after_resumes_behind_a_seq_and_goes_on_live(
    streams: Streams, after: int, expected: str
) -> None:
    await streams.add("a", "b", "c")
    async with streams.listen(after=after) as listener:
        await streams.add("d", "e")
        assert "".join(await listener.ids(len(expected))) == expected


async def test_seq_that_the_log_has_not_reached_is_that_of_another(streams: Streams) -> None:
    await streams.add("a", "b")
    async with streams.listen(after=1_000) as listener:
        await streams.add("c")
        assert await listener.ids(1) == ["c"]


async def test_filters_hold_for_what_was_there_and_for_what_comes(streams: Streams) -> None:
    query = MessageFilter(sender="+13", q="STRASSE")
    await streams.add("a", sender="+13", text="straße")
    await streams.add("b", text="straße")
    async with streams.listen(query, after=0) as listener:
        assert await listener.ids(1) == ["a"]
        await streams.add("c", sender="+13")
        await streams.add("d", sender="+13", text="Straße")
        assert await listener.ids(2) == ["a", "d"]


async def test_silent_stream_has_a_heartbeat_that_moves_the_id_on(streams: Streams) -> None:
    async with streams.listen(MessageFilter(q="nowhere")) as listener:
        await listener.until(lambda: ":\n\n" in listener.text)
        await streams.add("a", "b")
        await listener.until(lambda: "id: 2\n\n" in listener.text)
        assert listener.events == []
        beats = listener.text.count("\n:\n")
        await listener.until(lambda: listener.text.count("\n:\n") > beats)


async def test_stream_that_searches_much_lets_others_have_their_turn(streams: Streams) -> None:
    seen: list[int] = []

    async def note_each_turn() -> None:
        while True:
            seen.append(listener.text.count("event: message"))
            await asyncio.sleep(0)

    names = [f"m{n}" for n in range(10 * SEARCHED)]
    async with streams.listen(MessageFilter(q="hello")) as listener:
        await listener.until(lambda: listener.text)
        noting = asyncio.create_task(note_each_turn())
        await streams.add(*names)
        assert await listener.ids(len(names)) == names
        noting.cancel()
    assert set(seen) >= {SEARCHED * count for count in range(1, 10)}


async def test_who_comes_again_with_each_last_id_misses_nothing_and_gets_nothing_twice(
    streams: Streams,
) -> None:
    came: list[str] = []
    after = 0
    for round_ in range(5):
        async with streams.listen(after=after) as listener:
            await streams.add(*(f"m{round_}{n}" for n in range(3)))
            came += await listener.ids(3)
            after = listener.last_event_id
        await streams.add(f"between {round_}")
    expected = [
        name for r in range(5) for name in (*(f"m{r}{n}" for n in range(3)), f"between {r}")
    ]
    async with streams.listen(after=after) as listener:
        assert came + await listener.ids(1) == expected


async def test_who_stalls_misses_nothing_though_the_feed_has_long_gone_on(
    streams: Streams,
) -> None:
    names = [f"m{n}" for n in range(MOST_MESSAGES + 700)]
    async with streams.listen() as slow, streams.listen() as quick:
        await slow.until(lambda: slow.text)
        slow.stall()
        for first in range(0, len(names), 300):
            await streams.add(*names[first : first + 300])
            await quick.ids(min(first + 300, len(names)))
        before = streams.log.read_for_one
        slow.go_on()
        assert await slow.ids(len(names)) == names
        assert streams.log.read_for_one > before
        assert await quick.ids(len(names)) == names


async def test_streams_beyond_the_limit_are_refused_until_one_ends() -> None:
    streams = Streams(limit=1)
    async with streams.listen():
        with pytest.raises(TooManyInFlight):
            await streams.listen().run()
    async with streams.listen() as listener:
        assert listener.status == 200


async def test_end_of_the_server_ends_each_stream_and_lets_no_other_in(streams: Streams) -> None:
    async with streams.listen() as listener, streams.listen(after=0) as other:
        await listener.until(lambda: listener.text)
        streams.live.end()
        await listener.until(lambda: listener.is_over)
        await other.until(lambda: other.is_over)
    refused = streams.listen()
    with pytest.raises(StorageUnavailable, match="shutting down"):
        await refused.run()
    assert streams.metric('message_streams_ended_total{reason="shutdown"}') == 2


async def test_log_that_cannot_be_read_for_a_while_leaves_no_gap(streams: Streams) -> None:
    async with streams.listen() as listener:
        await streams.add("a")
        assert await listener.ids(1) == ["a"]
        streams.log.fails = True
        await streams.add("b")
        await asyncio.sleep(0.3)
        streams.log.fails = False
        await streams.add("c")
        assert await listener.ids(3) == ["a", "b", "c"]


async def test_stream_ends_where_what_it_has_to_catch_up_with_cannot_be_read(
    streams: Streams,
) -> None:
    class FailsForOne(Log):
        async def read_log(self, selection: LogSelection) -> LogRun:
            raise StorageUnavailable("not now")

    log = FailsForOne()
    await fill(log, [sample("a")])
    streams = Streams()
    streams.live = LiveLog(log, CommitSignal())
    streams.all = EventStreams(streams.live, InFlight(1), streams.metrics)
    async with streams.listen(after=0) as listener:
        await listener.until(lambda: listener.is_over)
    assert streams.metric('message_streams_ended_total{reason="error"}') == 1


async def test_stream_ends_where_another_database_takes_the_place_of_its_own(
    streams: Streams,
) -> None:
    await streams.add("a", "b")
    async with streams.listen() as listener:
        await listener.until(lambda: listener.text)
        streams.log.lost = 1
        await listener.until(lambda: listener.is_over)
    streams.log.lost = 0
    async with streams.listen(after=1) as listener:
        assert await listener.ids(1) == ["b"]


async def test_streams_and_their_messages_are_counted(streams: Streams) -> None:
    async with streams.listen() as first, streams.listen(MessageFilter(q="nowhere")):
        await streams.add("a", "b")
        await first.ids(2)
        assert streams.metric("message_streams_open") == 2
    assert streams.metric("message_streams_open") == 0
    assert streams.metric("message_streams_messages_total") == 2
    assert streams.metric('message_streams_ended_total{reason="client"}') == 2


async def test_nothing_is_read_while_nobody_listens(streams: Streams) -> None:
    async with streams.listen():
        await streams.add("a")
    await asyncio.sleep(0)
    streams.log.fails = True
    await asyncio.sleep(0.3)  # would be logged, which no test here expects
    assert [task.get_name() for task in asyncio.all_tasks()].count("lyftr-live-log") == 0
