"""`lyftr send`: what is worth another try, how long it waits, and what is checked beforehand."""

import io
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from lyftr_cli.sending.delivery import is_worth_another_try, pause_before
from lyftr_cli.sending.http_sender import MAX_BODY_SIZE, HttpSender, Response, seconds_to_wait
from lyftr_cli.sending.messages import count_lines, read_outgoing
from lyftr_cli.sending.rate_limit import RateLimiter
from lyftr_core.testing.strategies.samples import sample
from lyftr_core.wire import body_of


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 5000, 999_999_999.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("Fri, 31 Dec 1999 23:59:59 -0000", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header) == seconds


def test_a_date_in_retry_after_counts_from_now() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=3600)
    waiting = seconds_to_wait(format_datetime(moment, usegmt=True))
    assert waiting is not None
    assert 3000 < waiting <= 3600


@pytest.mark.parametrize("status", [None, 408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int | None) -> None:
    assert is_worth_another_try(Response(status))


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 405, 413, 422, 501, 505])
def test_what_stays_is_not_tried_again(status: int) -> None:
    assert not is_worth_another_try(Response(status))


def test_pauses_double_up_to_half_a_minute_and_half_is_chance() -> None:
    least = [pause_before(n, Response(500), lambda low, _: low) for n in range(1, 10)]
    most = [pause_before(n, Response(500), lambda _, high: high) for n in range(1, 10)]
    assert most == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert least == [whole / 2 for whole in most]
    assert pause_before(10_000, Response(500)) <= 30


def test_a_receiver_that_says_when_is_never_asked_earlier() -> None:
    asked = Response(503, retry_after=20.0)
    assert pause_before(1, asked, lambda low, _: low) == 20.0
    assert pause_before(9, asked, lambda _, high: high) == 22.0


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "ftp://h/x", "http://", "http://u:p@h/x", "http://h:x/", "http://h/é"),
        *(
            "http://h/ x",
            "http://h/\x7f",
            "http://h:65536/",
            "http://[x/",
            "http://[x]/",
            "http://.a/",
        ),
        *("http://a..b/", f"http://{'a' * 64}/", f"http://b.{'a' * 64}.c/", "http://h/\udcff"),
    ],
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must "):
        HttpSender(url, timeout=1)


def test_a_pace_lets_so_many_go_in_a_second() -> None:
    limiter = RateLimiter(50, threading.Event())
    started = time.monotonic()
    assert all(limiter.wait_for_turn() for _ in range(11))
    assert time.monotonic() - started >= 0.19


def test_a_pace_holds_all_and_ends_at_once_when_stopped() -> None:
    stop = threading.Event()
    limiter = RateLimiter(None, stop)
    assert limiter.wait_for_turn()
    limiter.hold_all(0.1)
    started = time.monotonic()
    assert limiter.wait_for_turn()
    assert time.monotonic() - started >= 0.09
    limiter.hold_all(3600)
    threading.Timer(0.05, stop.set).start()
    assert not limiter.wait_for_turn()
    assert not limiter.sleep(3600)


def test_lines_are_taken_over_byte_for_byte_and_checked() -> None:
    good = body_of(sample("m1", text="é"))
    spaced = good.replace(b'":', b'" :  ')
    bad = b'{"message_id":"m2"}'
    huge = good.replace(b"{", b'{"unknown":"' + b"a" * MAX_BODY_SIZE + b'",', 1)
    stream = io.BytesIO(b"\n".join([good + b"\r", b"", spaced, bad, b"\xff", huge, good]))
    first, second, third, fourth, fifth, last = read_outgoing(stream)
    assert (first.number, first.body, first.fault) == (1, good, "")
    assert (second.number, second.body, second.fault) == (3, spaced, "")
    assert third.fault == "from: is required; to: is required; ts: is required"
    assert fourth.fault == "input: must be valid UTF-8"
    assert fifth.fault == f"a body has at most {MAX_BODY_SIZE} bytes"
    assert (last.number, last.body, last.fault) == (7, good, "")


@pytest.mark.parametrize(
    ("text", "count"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"\n\n", 2)]
)
def test_lines_are_counted_and_then_read_from_where_it_was(text: bytes, count: int) -> None:
    stream = io.BytesIO(b"before\n" + text)
    stream.readline()
    assert count_lines(stream) == count
    assert stream.read() == text
