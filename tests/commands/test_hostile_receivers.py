"""Whatever a receiver answers, `lyftr send` says what became of each message and keeps the rest."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lyftr_cli.conformance.run import Receiver
from lyftr_cli.sending.delivery import Delivery
from lyftr_cli.sending.http_sender import HttpSender, seconds_to_wait
from lyftr_cli.sending.messages import Outgoing
from lyftr_cli.sending.worker_pool import WorkerPool
from lyftr_core import HexHmacSha256, SignedRequest
from lyftr_core.testing.strategies.samples import sample
from lyftr_core.wire import body_of
from tests.commands.raw_receiver import RawReceiver, raw_receiver
from tests.support.results import told
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")

BODIES = [body_of(sample(f"m{number}")) for number in range(3)]
REQUEST = SignedRequest.from_text(HexHmacSha256("secret").signature_headers(b"{}"), b"{}")
MANY = "9" * 5000
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CHUNKS = [b"1\r\na\r\n"] * 8
RETRY_AFTER = [
    *("", "0", "9" * 5000, "0" * 5000, "-1", "1e400", "nan", "inf", "-inf", "NaN", "1_0", "\xb2"),
    *(
        "\u0663",
        "+5",
        "1.5",
        "0x10",
        "soon",
        ",",
        "-",
        ":",
        "a b c d e f",
        "\0",
        "\x1b[31m",
        "\xff",
    ),
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Sat, 01 Jan 0000 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 +9959",
    "Fri, 31 Dec 9999 23:59:59 -9959",
    f"Fri, 31 Dec {MANY} 23:59:59 GMT",
    "Fri, 31 Dec 99999999999999999999 23:59:59 GMT",
    "Mon, 01 Jan 2026 99999999999999999999:00:00 GMT",
    "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
    f"Mon, 01 Jan 2026 00:00:00 +{MANY}",
    "Mon, 99 Foo 2026 25:61:61 GMT",
    "Mon, 01 Jan 2026",
]
CONTROL = r"[\x00-\x09\x0b-\x1f\x7f-\x9f]"
DATE = r"[A-Z][a-z]{2}, \d{1,30} (Jan|[A-Z][a-z]{2}) \d* [\d:]* [+-]?\w*"
ANSWERS = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a control character": b"\x1b[31mred\x07\r\n\r\n",
    "bytes": bytes(range(256)) * 40,
    "half a status line": b"HTTP/1.1 2",
    "no status": b"HTTP/1.1 \r\n\r\n",
    "a status that is no number": b"HTTP/1.1 OK 200\r\n\r\n",
    "a status in other digits": "HTTP/1.1 \u0662\u0660\u0660 OK\r\n\r\n".encode(),
    "a status beyond 999": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a long status": b"HTTP/1.1 " + b"2" * 5000 + b" OK\r\n\r\n",
    "a negative status": b"HTTP/1.1 -200 OK\r\n\r\n",
    "another version": b"HTTP/9.9 200 OK\r\n\r\n",
    "a long status line": b"HTTP/1.1 200 " + b"a" * 70_000 + b"\r\n\r\n",
    "a long header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n",
    "a chunk that is no number": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
    "a huge chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"f" * 40
    + b"\r\nabc",
    "a long chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 70_000,
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
    "a huge length": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\nabc",
    "a redirection to elsewhere": b"HTTP/1.1 302 Found\r\nLocation: http://a..b/\x1b\r\n\r\n",
    "a redirection to a file": b"HTTP/1.1 308 P\r\nLocation: file:///etc/passwd\r\n\r\n",
    "a redirection to nowhere": b"HTTP/1.1 301 M\r\nLocation:\r\n\r\n",
    "a redirection to itself": b"HTTP/1.1 307 T\r\nLocation: /hook\r\nContent-Length: 0\r\n\r\n",
    "JSON that nests": b'HTTP/1.1 422 U\r\n\r\n{"detail":' + b"[" * 100_000,
    "a long number": b'HTTP/1.1 422 U\r\n\r\n{"detail":' + b"9" * 5000 + b"}",
    "surrogates": b'HTTP/1.1 422 U\r\n\r\n{"detail":"\\ud800\\u001b[31m"}',
    "faults of other shapes": b'HTTP/1.1 422 U\r\n\r\n{"detail":[null,{"loc":[],"msg":"x"},{}]}',
    "no UTF-8": b'HTTP/1.1 422 U\r\n\r\n{"detail":"\xff"}',
    **{
        f"Retry-After {number}": b"HTTP/1.1 503 U\r\nRetry-After: %b\r\n\r\n" % value.encode()
        for number, value in enumerate(RETRY_AFTER)
    },
    "Retry-After twice": b"HTTP/1.1 503 U\r\nRetry-After: x\r\nRetry-After: 9999\r\n\r\n",
}


@pytest.fixture(scope="module")
def receiver() -> Iterator[RawReceiver]:
    with raw_receiver() as serving:
        yield serving


@pytest.mark.parametrize("name", ANSWERS)
def test_a_message_that_was_not_taken_is_told_and_kept(
    lyftr: Lyftr, receiver: RawReceiver, name: str
) -> None:
    receiver.answer = ANSWERS[name]
    Path("three.jsonl").write_bytes(b"\n".join(BODIES) + b"\n")
    options = ("--url", receiver.url, "--retries", "0", "--failed", "left.jsonl")
    status, out, err = told(lyftr("send", "--file", "three.jsonl", "--concurrency", "1", *options))
    assert (status, '"taken":0' in out) == (1, True), err
    assert re.match(r"line 1: (no answer: .+|[3-9][0-9]+(: .+|, come again .+)?)\n", err), err
    assert "Traceback" not in err
    assert not re.search(CONTROL, err)
    assert Path("left.jsonl").read_bytes().splitlines() == BODIES


@pytest.mark.parametrize("name", [name for name in ANSWERS if "Retry" not in name])
def test_conformance_says_that_it_has_nobody_to_ask(
    lyftr: Lyftr, receiver: RawReceiver, name: str
) -> None:
    receiver.answer = ANSWERS[name]
    status, out, err = told(lyftr("conformance", "--url", receiver.url))
    assert (status, out) == (2, ""), err
    (line,) = err.splitlines()
    assert line.startswith("lyftr: ")
    assert not re.search(CONTROL, line)


DRIPPING = {
    "a status line": (b"", [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\n\r\n"]),
    "other answers first": (b"", [*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 8, TAKEN]),
    "headers": (b"HTTP/1.1 200 OK\r\n", [*[b"X: a\r\n"] * 8, b"\r\n"]),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", [b"a"] * 8),
    "a body without a length": (b"HTTP/1.1 200 OK\r\n\r\n", [b"a"] * 8),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", [*CHUNKS, b"0\r\n\r\n"]),
}


@pytest.fixture
def dripping(receiver: RawReceiver) -> Iterator[RawReceiver]:
    receiver.pause = 0.05
    yield receiver
    receiver.pieces = ()


@pytest.mark.parametrize("name", DRIPPING)
def test_an_answer_that_takes_longer_than_the_timeout_is_none(
    lyftr: Lyftr, dripping: RawReceiver, name: str
) -> None:
    dripping.answer, dripping.pieces = DRIPPING[name]
    limit = ("--url", dripping.url, "--timeout", "0.2")
    Path("one.jsonl").write_bytes(BODIES[0] + b"\n")
    options = ("--retries", "0", "--failed", "left.jsonl")
    status, out, err = told(lyftr("send", "--file", "one.jsonl", *options, *limit))
    assert (status, '"taken":0' in out) == (1, True), err
    assert err.startswith("line 1: no answer: timed out\n"), err
    assert Path("left.jsonl").read_bytes().splitlines() == BODIES[:1]
    said = f"lyftr: no answer from {dripping.url}: timed out\n"
    assert told(lyftr("conformance", *limit)) == (2, "", said)


def test_each_answer_has_all_the_time(receiver: RawReceiver) -> None:
    receiver.answer = TAKEN
    sender = HttpSender(receiver.url, timeout=2)
    for _ in range(2):
        assert sender.send(REQUEST).status == 200
        time.sleep(2)


@given(st.one_of(st.text(max_size=40), st.from_regex(DATE)))
@settings(max_examples=100, deadline=None)
def test_any_retry_after_is_seconds_or_nothing(text: str) -> None:
    seconds = seconds_to_wait(text)
    assert seconds is None or 0 <= seconds < 1e12


@pytest.mark.parametrize("text", RETRY_AFTER)
def test_the_retry_after_of_an_odd_receiver_is_seconds_or_nothing(text: str) -> None:
    seconds = seconds_to_wait(text)
    assert seconds is None or 0 <= seconds < 1e12


def test_zeros_in_front_do_not_shorten_a_retry_after() -> None:
    assert seconds_to_wait("0000000000120") == 120


def test_of_two_retry_after_the_longer_counts(receiver: RawReceiver) -> None:
    head = b"HTTP/1.1 503 U\r\nContent-Length: 0\r\n"
    for values in ((b"x", b"9", b"7"), (b"7", b"9"), (b"9", b"")):
        lines = b"".join(b"Retry-After: %b\r\n" % value for value in values)
        receiver.answer = head + lines + b"\r\n"
        assert HttpSender(receiver.url, timeout=60).send(REQUEST).retry_after == 9


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Return what may come instead of an answer: near HTTP, and far from it."""
    status = draw(
        st.sampled_from([b"HTTP/1.1 503 U", b"HTTP/1.0 422", b"HTTP/1.1 302 F", b"x", b""])
    )
    names = st.sampled_from(
        [
            b"Retry-After",
            b"Transfer-Encoding",
            b"Content-Length",
            b"Location",
            b"Connection",
            b"\xff",
        ]
    )
    values = st.one_of(
        st.sampled_from([b"chunked", b"-1", b"9" * 5000, b"close", b"keep-alive", b"gzip"]),
        st.binary(max_size=20),
    )
    headers = draw(st.lists(st.tuples(names, values), max_size=4))
    end = draw(st.sampled_from([b"\r\n", b"\n", b"\r", b""]))
    sizes = st.sampled_from([b"5", b"-5", b"f" * 40, b"0", b"zz", b"", b"5;x", b"9" * 5000])
    body = draw(st.one_of(st.binary(max_size=40), sizes.map(lambda size: size + b"\r\nhello\r\n")))
    return end.join([status, *(b": ".join(pair) for pair in headers), b"", body])


@given(answers())
@example(b"HTTP/1.1 503 U\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nhello")
@example(b"HTTP/1.1 503 U\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello")
@example(b"HTTP/1.1 503 U\nContent-Length: 7\nContent-Length: 7\n\n" + b"x" * 24)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_an_answer_or_a_failure(receiver: RawReceiver, answer: bytes) -> None:
    receiver.answer = answer
    patient = Receiver(receiver.url, timeout=5, sleep=lambda _: None)
    with closing(HttpSender(receiver.url, timeout=5, keep_open=True)) as sender:
        answers = sender.send(REQUEST), patient.send(REQUEST)
    for found in answers:
        assert found.status is not None or found.failure
        assert found.retry_after is None or found.retry_after >= 0
        assert found.status not in range(200, 300)


def test_an_error_of_our_own_loses_no_message() -> None:
    noted: list[Outgoing] = []

    def deliver(message: Outgoing) -> Delivery:
        raise RuntimeError(f"line {message.number}")

    pool = WorkerPool(
        lambda: nullcontext(deliver),
        size=1,
        stop=threading.Event(),
        note=lambda delivery: noted.append(delivery.message),
    )
    totals = pool.send(messages := [Outgoing(number, b"") for number in (1, 2)])
    assert repr(totals.error) == "RuntimeError('line 1')"
    assert (totals.taken, totals.is_stopped, totals.resume_at) == (0, True, 1)
    assert noted == messages[: totals.last]
