"""`lyftr send`: what arrives, what is tried again, and how it ends."""

import json
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from lyftr_core import HexHmacSha256, SignedRequest, StandardWebhooks
from tests.end_to_end.conftest import (
    LYFTR,
    PATIENCE,
    SECRET,
    STANDARD,
    Lyftr,
    Serve,
    environment,
    refusal,
)
from tests.end_to_end.scripted_receiver import Request, ScriptedReceiver, scripted_receiver
from tests.end_to_end.terminal import on_a_terminal

SIGNING = {"WEBHOOK_SECRET": SECRET}
ONE = ("--from", "+919876543210", "--to", "+14155550100")


def line(message_id: str, **fields: object) -> bytes:
    message = {
        "message_id": message_id,
        "from": "+919876543210",
        "to": "+14155550100",
        "ts": "2026-01-15T09:28:35Z",
        **fields,
    }
    return json.dumps(message).encode()


def lines(folder: Path, *bodies: bytes) -> str:
    """Write a file of lines and return its name."""
    (folder / "messages.jsonl").write_bytes(b"\n".join(bodies) + b"\n")
    return "messages.jsonl"


def summary(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def verify(request: Request, scheme: HexHmacSha256 | StandardWebhooks) -> None:
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    scheme.verify(SignedRequest.from_text(headers, request.body))


def test_one_message_from_options_arrives(serve: Serve, lyftr: Lyftr) -> None:
    with serve() as server:
        url = f"http://127.0.0.1:{server.port}/webhook"
        moment = ("--ts", "2026-01-15T09:28:35.5Z")
        given = lyftr(
            "send", *ONE, *moment, "--id", "a/b", "--text", "é \u202e", "--url", url, **SIGNING
        )
        made = lyftr("send", *ONE, PORT=str(server.port), **SIGNING)
        items = server.http.get("/messages").json()["items"]
    assert (given.returncode, given.stderr, made.returncode, made.stderr) == (0, b"", 0, b"")
    assert summary(given) == {"message_id": "a/b", "taken": True, "retries": 0}
    stored = {item["message_id"]: item for item in items}
    assert stored["a/b"]["text"] == "é \u202e"
    assert stored["a/b"]["ts"] == "2026-01-15T09:28:35.5Z"
    new = stored[summary(made)["message_id"]]
    assert new["text"] is None
    age = datetime.now(UTC) - datetime.fromisoformat(new["ts"])
    assert timedelta(0) <= age < timedelta(minutes=10)


@pytest.mark.parametrize("variables", [SIGNING, STANDARD])
def test_a_file_arrives_whole_and_sending_it_again_is_safe(
    serve: Serve, lyftr: Lyftr, tmp_path: Path, variables: dict[str, str]
) -> None:
    file = lines(tmp_path, *(line(f"m{n}", text=f"number {n}") for n in range(50)))
    with serve(**variables) as server:
        for _ in range(2):
            done = lyftr("send", "--file", file, PORT=str(server.port), **variables)
            assert (done.returncode, done.stderr) == (0, b"")
            said = summary(done)
            assert said.pop("seconds") >= 0
            assert said == {"taken": 50, "retries": 0, "refused": 0, "resume_at": None}
        assert server.http.get("/messages").json()["total"] == 50
    assert lyftr("conflicts").stdout == b""


def test_what_is_read_back_can_be_sent_again(serve: Serve, lyftr: Lyftr, tmp_path: Path) -> None:
    with serve() as server:
        server.deliver("m1", text="\u202e é \U0001f468\u200d\U0001f469").raise_for_status()
        read = server.http.get("/messages").json()["items"]
        body = "\n".join(json.dumps(item) for item in read).encode()
        done = lyftr("send", "--file", "-", stdin=body, PORT=str(server.port), **SIGNING)
        assert summary(done)["taken"] == 1
        assert server.http.get("/messages").json()["items"] == read
    assert lyftr("conflicts").stdout == b""


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
    assert (done.returncode, summary(done)["taken"]) == (0, 3), done.stderr


def test_what_the_rules_refuse_is_named_and_kept_and_not_sent(lyftr: Lyftr, tmp_path: Path) -> None:
    bad = b'{"message_id":"m2","from":"a canary"}'
    file = lines(tmp_path, line("m1"), bad, b"", line("m3"), b"no JSON")
    with scripted_receiver(lambda _body, _before: (200, {})) as receiver:
        options = ("--file", file, "--url", receiver.url, "--failed", "left.jsonl")
        done = lyftr("send", *options, **SIGNING)
    assert done.returncode == 1
    assert (summary(done)["taken"], summary(done)["refused"]) == (2, 2)
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
    assert (summary(done)["taken"], summary(done)["refused"]) == (2, 1)
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
    assert (summary(done)["taken"], summary(done)["retries"]) == (1, 1)
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
    assert summary(done)["retries"] == 2
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
    assert (summary(done)["taken"], summary(done)["resume_at"]) == (1, 2)
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
    told = summary(done)
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


def stopped_by_ctrl_c(
    receiver: ScriptedReceiver, folder: Path, is_enough: threading.Event
) -> tuple[int, bytes, bytes]:
    command = [*LYFTR, "send", "--file", "messages.jsonl", "--url", receiver.url]
    with subprocess.Popen(
        [*command, "--failed", "left.jsonl", "--concurrency", "4"],
        cwd=folder,
        env=environment(**SIGNING),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert is_enough.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=PATIENCE)
    return process.returncode, printed, said


def test_ctrl_c_finishes_what_is_on_its_way_and_keeps_the_rest(tmp_path: Path) -> None:
    bodies = [line(f"m{n}") for n in range(2000)]
    lines(tmp_path, *bodies)
    is_enough = threading.Event()
    taken: list[bytes] = []

    def reply(body: bytes, _before: int) -> tuple[int, dict[str, str]]:
        if len(taken) >= 20:
            is_enough.set()
            time.sleep(0.5)  # it is on its way when the signal comes
        taken.append(body)
        return 200, {}

    with scripted_receiver(reply) as receiver:
        status, printed, said = stopped_by_ctrl_c(receiver, tmp_path, is_enough)
    assert status == 130
    assert b"safe" in said
    assert b"Traceback" not in said
    count = json.loads(printed)["taken"]
    assert 20 <= count == len(taken) < 2000
    left = (tmp_path / "left.jsonl").read_bytes().splitlines()
    assert len(left) == 2000 - count
    assert sorted([*left, *taken]) == sorted(bodies)


def test_on_a_terminal_a_bar_moves_and_a_table_ends_it(tmp_path: Path) -> None:
    file = lines(tmp_path, *(line(f"m{n}") for n in range(30)), b"{}")
    with scripted_receiver(lambda _body, _before: (200, {})) as receiver:
        options = ("send", "--file", file, "--url", receiver.url)
        one_options = ("send", *ONE, "--url", receiver.url)
        with on_a_terminal(tmp_path, *options, variables=SIGNING) as terminal:
            status, text = terminal.end()
        with on_a_terminal(tmp_path, *one_options, variables=SIGNING) as terminal:
            one, printed = terminal.end()
    assert status == 1
    assert "31/31 lines" in text
    assert "line 31: message_id: is required" in text
    assert [row.split() for row in text.splitlines()[-2:]] == [
        ["TAKEN", "RETRIES", "REFUSED", "SECONDS"],
        ["30", "0", "1", text.split()[-1]],
    ]
    assert one == 0
    assert printed.startswith("taken: ")
