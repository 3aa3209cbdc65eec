"""`lyftr send`: what arrives, what is tried again, and how it ends."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from lyftr_core import HexHmacSha256, SignedRequest, StandardWebhooks
from tests.support.results import one_record
from tests.support.scripted_receiver import Request, scripted_receiver
from tests.support.sending import ONE, SIGNING, line, lines
from tests.support.server import (
    SECRET,
    STANDARD,
    Lyftr,
    refusal,
)
from tests.support.terminal import plain


def verify(request: Request, scheme: HexHmacSha256 | StandardWebhooks) -> None:
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    scheme.verify(SignedRequest.from_text(headers, request.body))


def test_bodies_go_byte_for_byte_over_few_connections_in_order(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    bodies = [line(f"m{n}").replace(b'"from"', b' "from"') for n in range(20)]
    with scripted_receiver(lambda _body, _before: (204, {})) as receiver:
        file = lines(tmp_path, *bodies)
        options = ("--file", file, "--url", receiver.url, "--concurrency", "1")
        assert lyftr("send", *options, **SIGNING).returncode == 0
    assert [request.body for request in receiver.requests] == bodies
    assert len({request.port for request in receiver.requests}) == 1
    for request in receiver.requests:
        verify(request, HexHmacSha256(SECRET))


def test_a_connection_that_the_receiver_closes_is_no_failure(lyftr: Lyftr, tmp_path: Path) -> None:
    with scripted_receiver(lambda _b, _n: (200, {"Keep-Alive": "timeout=0"})) as receiver:
        receiver.RequestHandlerClass.timeout = 0.05  # type: ignore[attr-defined] # of socketserver
        options = ("--url", receiver.url, "--concurrency", "1", "--rate", "5", "--retries", "0")
        file = lines(tmp_path, *(line(f"m{n}") for n in range(3)))
        done = lyftr("send", "--file", file, *options, **SIGNING)
    assert (done.returncode, one_record(done)["taken"]) == (0, 3), done.stderr


def test_what_the_rules_refuse_is_named_and_kept_and_not_sent(lyftr: Lyftr, tmp_path: Path) -> None:
    bad = b'{"message_id":"m2","from":"a canary"}'
    file = lines(tmp_path, line("m1"), bad, b"", line("m3"), b"no JSON")
    with scripted_receiver(lambda _body, _before: (200, {})) as receiver:
        options = ("--file", file, "--url", receiver.url, "--failed", "left.jsonl")
        done = lyftr("send", *options, **SIGNING)
    assert done.returncode == 1
    assert (one_record(done)["taken"], one_record(done)["refused"]) == (2, 2)
    said = sorted(done.stderr.decode().splitlines())
    assert said[0].startswith("line 2: from: must be an E.164 phone number")
    assert said[1] == "line 5: input: must be one valid JSON document"
    assert b"canary" not in done.stderr
    assert sorted((tmp_path / "left.jsonl").read_bytes().splitlines()) == sorted([bad, b"no JSON"])
    assert (tmp_path / "left.jsonl").stat().st_mode & 0o777 == 0o600
    assert sorted(request.body for request in receiver.requests) == [line("m1"), line("m3")]


def test_what_the_receiver_refuses_is_named_and_the_others_go_on(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    def reply(body: bytes, _before: int) -> tuple[int, dict[str, str]]:
        return (422 if b"m1" in body else 200), {}

    file = lines(tmp_path, line("m1"), line("m2"), line("m3"))
    with scripted_receiver(reply) as receiver:
        options = ("--file", file, "--url", receiver.url, "--failed", "left.jsonl")
        done = lyftr("send", *options, **SIGNING)
    assert (done.returncode, done.stderr) == (1, b"line 1: 422\n")
    assert (one_record(done)["taken"], one_record(done)["refused"]) == (2, 1)
    assert (tmp_path / "left.jsonl").read_bytes() == line("m1") + b"\n"


@pytest.mark.parametrize("kind", ["seconds", "date"])
def test_retry_after_is_honoured(lyftr: Lyftr, tmp_path: Path, kind: str) -> None:
    def reply(_body: bytes, before: int) -> tuple[int, dict[str, str]]:
        if before:
            return 200, {}
        moment = datetime.now(UTC) + timedelta(seconds=3)
        return 503, {"Retry-After": "2" if kind == "seconds" else format_datetime(moment, True)}

    with scripted_receiver(reply) as receiver:
        file = lines(tmp_path, line("m1"))
        done = lyftr("send", "--file", file, "--url", receiver.url, **SIGNING)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (one_record(done)["taken"], one_record(done)["retries"]) == (1, 1)
    first, second = receiver.requests
    assert second.at - first.at >= 1.9  # a date has whole seconds


def test_one_that_asks_for_patience_is_left_alone_by_all(lyftr: Lyftr, tmp_path: Path) -> None:
    def reply(body: bytes, before: int) -> tuple[int, dict[str, str]]:
        return (429, {"Retry-After": "2"}) if b"m0" in body and not before else (200, {})

    with scripted_receiver(reply) as receiver:
        file = lines(tmp_path, *(line(f"m{n}") for n in range(20)))
        options = ("--file", file, "--url", receiver.url, "--concurrency", "2", "--rate", "10")
        assert lyftr("send", *options, **SIGNING).returncode == 0
    asked = receiver.requests[0].at
    assert [r.body for r in receiver.requests if 0.5 < r.at - asked < 1.9] == []


@pytest.mark.parametrize("status", [0, 429, 500])
def test_a_passing_failure_is_tried_again_signed_anew(
    lyftr: Lyftr, tmp_path: Path, status: int
) -> None:
    with scripted_receiver(lambda _body, before: (200 if before > 1 else status, {})) as receiver:
        options = ("--file", lines(tmp_path, line("m1")), "--url", receiver.url)
        done = lyftr("send", *options, **STANDARD)
    assert (done.returncode, done.stderr) == (0, b"")
    assert one_record(done)["retries"] == 2
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    first, *_, last = (int(request.headers["webhook-timestamp"]) for request in receiver.requests)
    assert first <= last
    for request in receiver.requests:
        secret = STANDARD["WEBHOOK_SECRET"]
        verify(request, StandardWebhooks(secret, clock=lambda: datetime.now(UTC)))


@pytest.mark.parametrize(
    ("status", "headers", "tries", "words"),
    [
        (401, {}, 1, "401"),
        (404, {}, 1, "404"),
        (302, {"Location": "/"}, 1, "302"),
        (501, {}, 1, "501"),
        (500, {}, 2, "500"),
        (503, {"Retry-After": "3600"}, 1, "503, come again in 3600 s"),
    ],
)
def test_it_stops_where_nothing_would_be_taken_and_keeps_the_rest(
    lyftr: Lyftr, tmp_path: Path, status: int, headers: dict[str, str], tries: int, words: str
) -> None:
    bodies = [line(f"m{n}") for n in range(100)]
    with scripted_receiver(
        lambda body, _before: (200, {}) if b'"m0"' in body else (status, headers)
    ) as receiver:
        options = ("--file", lines(tmp_path, *bodies), "--url", receiver.url, "--retries", "1")
        kept = ("--failed", "left.jsonl", "--concurrency", "1")
        done = lyftr("send", *options, *kept, **SIGNING)
    said = done.stderr.decode().splitlines()
    assert (done.returncode, said[0]) == (1, f"line 2: {words}")
    assert "left.jsonl" in said[1]
    assert "safe" in said[1]
    assert len(receiver.requests) == 1 + tries
    assert (one_record(done)["taken"], one_record(done)["resume_at"]) == (1, 2)
    assert (tmp_path / "left.jsonl").read_bytes().splitlines() == bodies[1:]


def test_without_a_receiver_it_says_so(lyftr: Lyftr, tmp_path: Path) -> None:
    options = ("--url", "http://127.0.0.1:1/", "--retries", "1")
    done = lyftr("send", "--file", lines(tmp_path, line("m1")), *options, **SIGNING)
    assert done.returncode == 1
    assert done.stderr.startswith(b"line 1: no answer: ")
    assert "no answer" in refusal(lyftr("send", *ONE, *options, **SIGNING))


def test_dry_run_checks_and_sends_nothing(lyftr: Lyftr, tmp_path: Path) -> None:
    options = ("--dry-run", "--url", "http://127.0.0.1:1/")
    done = lyftr("send", "--file", lines(tmp_path, line("m1"), b"{}"), *options, **SIGNING)
    told = one_record(done)
    assert (done.returncode, told["taken"], told["would_send"], told["refused"]) == (1, 0, 1, 1)
    assert lyftr("send", *ONE, *options, **SIGNING).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--from and --to", "--file"]),
        (["--from", "+12"], ["--to"]),
        (["--from", "12", "--to", "+13"], ["--from must be an E.164"]),
        ([*ONE, "--id", ""], ["--id must not be empty"]),
        ([*ONE, "--ts", "now"], ["--ts", "must be"]),
        ([*ONE, "--url", "ftp://x"], ["--url must be as in"]),
        (["--file", "-", "--text", "x"], ["--file"]),
        (["--file", "nowhere.jsonl"], ["nowhere.jsonl"]),
        ([*ONE, "--failed", "."], ["--failed", "exists"]),
        ([*ONE, "--rate", "0"], ["--rate"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    lyftr: Lyftr, arguments: list[str], words: list[str]
) -> None:
    said = refusal(lyftr("send", *arguments, **SIGNING))
    assert all(word in said for word in words), said


def test_without_a_secret_it_says_which_variable(lyftr: Lyftr) -> None:
    assert "WEBHOOK_SECRET" in refusal(lyftr("send", *ONE))


def test_the_rate_is_kept(lyftr: Lyftr, tmp_path: Path) -> None:
    with scripted_receiver(lambda _body, _before: (200, {})) as receiver:
        file = lines(tmp_path, *(line(f"m{n}") for n in range(11)))
        lyftr("send", "--file", file, "--url", receiver.url, "--rate", "10", **SIGNING)
    times = [request.at for request in receiver.requests]
    assert times[-1] - times[0] >= 0.8


def test_on_a_terminal_a_bar_moves_and_a_table_ends_it(lyftr: Lyftr, tmp_path: Path) -> None:
    file = lines(tmp_path, *(line(f"m{n}") for n in range(30)), b"{}")
    with scripted_receiver(lambda _body, _before: (200, {})) as receiver:
        options = ("send", "--file", file, "--url", receiver.url)
        one_options = ("send", *ONE, "--url", receiver.url)
        done = lyftr(*options, columns=80, **SIGNING)
        one = lyftr(*one_options, columns=80, **SIGNING)
    text = plain(done.stdout)
    assert done.returncode == 1
    assert "31/31 lines" in text
    assert "line 31: message_id: is required" in text
    assert [row.split() for row in text.splitlines()[-2:]] == [
        ["TAKEN", "RETRIES", "REFUSED", "SECONDS"],
        ["30", "0", "1", text.split()[-1]],
    ]
    assert one.returncode == 0
    assert plain(one.stdout).startswith("taken: ")
