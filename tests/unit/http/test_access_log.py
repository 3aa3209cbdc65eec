"""Requests are logged and counted in the next turn of the loop, none of them lost or twice."""

import asyncio
import re

import pytest
import structlog

from lyftr_http.exchange.record import RequestRecord
from lyftr_http.observability.access_log import AccessLog
from lyftr_http.observability.metrics import Metrics

Lines = list[dict[str, object]]


class _Unwritable(Exception):
    """What a faulty log raises for one line."""


@pytest.fixture
def lines() -> Lines:
    return []


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def access_log(lines: Lines, metrics: Metrics) -> AccessLog:
    """An access log that cannot write the line of a request to `/unwritable`."""

    def keep(_logger: object, level: str, event: structlog.typing.EventDict) -> str:
        if event["path"] == "/unwritable":
            raise _Unwritable
        lines.append({"level": level, **event})
        return ""

    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.testing.CapturingLogger(),
        processors=[keep],
        wrapper_class=structlog.make_filtering_bound_logger("INFO"),
    )
    return AccessLog(log, metrics)


def record(path: str, status: int = 200) -> RequestRecord:
    made = RequestRecord("id", "GET", path)
    made.template, made.status, made.answered = "/messages", status, True
    return made


def counted(metrics: Metrics) -> int:
    found = re.findall(r"\nhttp_requests_total\{.*\} ([0-9.]+)", metrics.render().decode())
    return sum(int(float(count)) for count in found)


def paths(lines: Lines) -> list[object]:
    return [line["path"] for line in lines]


async def test_requests_of_one_turn_are_written_in_the_next_in_their_order(
    access_log: AccessLog, lines: Lines, metrics: Metrics
) -> None:
    for number in range(5):
        access_log.add(record(f"/{number}"))
    assert (lines, counted(metrics)) == ([], 0)
    await asyncio.sleep(0)
    assert paths(lines) == [f"/{number}" for number in range(5)]
    access_log.add(record("/later"))
    await asyncio.sleep(0)
    assert paths(lines)[5:] == ["/later"]
    assert counted(metrics) == 6


async def test_a_line_that_cannot_be_written_costs_no_other(
    access_log: AccessLog, lines: Lines, metrics: Metrics
) -> None:
    raised: list[BaseException | None] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: raised.append(context.get("exception"))
    )
    for path in ("/first", "/unwritable", "/second", "/unwritable", "/third"):
        access_log.add(record(path))
    for _ in range(4):
        await asyncio.sleep(0)
    assert paths(lines) == ["/first", "/second", "/third"]
    assert [type(exc) for exc in raised] == [_Unwritable] * 2
    assert counted(metrics) == 5


async def test_a_request_that_cannot_be_counted_is_logged_all_the_same(
    access_log: AccessLog, lines: Lines, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object) -> None:
        raise OSError("too many open files")

    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    monkeypatch.setattr(metrics, "count_request", cannot)
    for path in ("/first", "/second"):
        access_log.add(record(path))
    for _ in range(3):
        await asyncio.sleep(0)
    assert paths(lines) == ["/first", "/second"]


async def test_a_turn_without_end_does_not_fill_the_memory(
    access_log: AccessLog, lines: Lines
) -> None:
    for number in range(2_500):
        access_log.add(record(f"/{number}"))
    assert len(lines) == 2_000
    await asyncio.sleep(0)
    assert paths(lines) == [f"/{number}" for number in range(2_500)]


def add_in_the_last_turn(access_log: AccessLog) -> None:
    """In the last turn of a loop, after which nothing that it was asked for is done."""
    loop = asyncio.new_event_loop()

    def add() -> None:
        access_log.add(record("/last"))
        loop.stop()

    loop.call_soon(add)
    loop.run_forever()
    loop.close()


def test_what_a_loop_that_ended_has_left_is_written_by_the_next(
    access_log: AccessLog, lines: Lines
) -> None:
    async def add() -> None:
        access_log.add(record("/next"))
        await asyncio.sleep(0)

    add_in_the_last_turn(access_log)
    asyncio.run(add())
    assert paths(lines) == ["/last", "/next"]


def test_what_is_not_written_when_the_loop_ends_can_be_flushed(
    access_log: AccessLog, lines: Lines
) -> None:
    add_in_the_last_turn(access_log)
    assert lines == []
    access_log.flush()
    assert paths(lines) == ["/last"]


@pytest.mark.parametrize(("status", "level"), [(200, "info"), (503, "warning"), (500, "error")])
async def test_the_level_says_how_bad_it_is(
    access_log: AccessLog, lines: Lines, status: int, level: str
) -> None:
    access_log.add(record("/messages", status))
    await asyncio.sleep(0)
    assert [line["level"] for line in lines] == [level]


async def test_an_error_is_let_go_of_once_it_is_written(access_log: AccessLog) -> None:
    failed = record("/messages", 500)
    failed.error = RuntimeError("boom")
    access_log.add(failed)
    await asyncio.sleep(0)
    assert failed.error is None
