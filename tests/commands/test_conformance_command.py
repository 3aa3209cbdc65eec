"""`lyftr conformance`: what it says of receivers that are less careful."""

import hashlib
import hmac
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from tests.support.results import table_of
from tests.support.server import SECRET, STANDARD, Lyftr, refusal


class Sloppy(BaseHTTPRequestHandler):
    """Verifies in the first way that comes to mind, and takes any JSON."""

    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if self.headers.get("X-Signature") != expected:
            self.answer(403)
        else:
            try:
                json.loads(body)
            except (ValueError, RecursionError):
                self.answer(400)
            else:
                self.answer(self.status)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Unreliable(Sloppy):
    """Closes the connection at one message."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"phone_number-two-digits" not in body:
            self.answer(200)


class Silent(Sloppy):
    """Takes one message and then nothing."""

    answers = 0

    def answer(self, status: int) -> None:
        type(self).answers += 1
        if self.answers == 1:
            super().answer(status)


class Busy(Sloppy):
    """Asks for patience at every other request."""

    answers = 0

    def answer(self, status: int) -> None:
        type(self).answers += 1
        if self.is_ready():
            super().answer(status)
        else:
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def is_ready(self) -> bool:
        return self.answers % 2 == 0


class Overloaded(Busy):
    """Takes one message, and asks for patience ever after."""

    def is_ready(self) -> bool:
        return self.answers == 1


class Slow(Sloppy):
    """Takes its time once, and notes what was signed before the answer to the one before it."""

    answered: float = 0
    signed_early: ClassVar[list[int]] = []
    requests = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        timestamp = int(self.headers["webhook-timestamp"])
        if timestamp < int(self.answered):
            self.signed_early.append(timestamp)
        type(self).requests += 1
        if self.requests == 3:
            time.sleep(2.5)  # more than the second that a timestamp is exact to
        type(self).answered = time.time()
        self.answer(200)


@contextmanager
def receiving(handler: type[Sloppy]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hooks"
        finally:
            server.shutdown()
            thread.join()


def wrong(done: subprocess.CompletedProcess[bytes]) -> set[str]:
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {f"{line['group']}/{line['name']}" for line in lines if not line["right"]}


def test_a_sloppy_receiver_is_told_what_it_gets_wrong(lyftr: Lyftr) -> None:
    with receiving(Sloppy) as url:
        done = lyftr("conformance", "--url", url, "--json", WEBHOOK_SECRET=SECRET)
        table = lyftr("conformance", "--url", url, WEBHOOK_SECRET=SECRET)
    assert done.returncode == table.returncode == 1
    found = wrong(done)
    assert found > {
        "hex_hmac_sha256/upper-case-digits",
        "timestamp/30-february",
        "phone_number/trailing-newline",
    }
    assert not found & {"hex_hmac_sha256/hex", "document/plain", "delivery/redelivery"}
    assert len(found) == int(table_of(table)["all"][0]) - int(table_of(table)["all"][1])
    lines = table.stdout.decode().split("\n\nwrong:\n")[1].splitlines()
    assert {line.split(":")[0].strip() for line in lines} == found
    assert "timestamp/30-february: 200, should be refused, 422." in table.stdout.decode()


def test_a_case_without_an_answer_is_wrong_and_the_others_go_on(lyftr: Lyftr) -> None:
    with receiving(Unreliable) as url:
        done = lyftr("conformance", "--url", url, "--only", "phone_number", WEBHOOK_SECRET=SECRET)
    assert (done.returncode, done.stderr) == (1, b"")
    assert list(table_of(done)) == ["phone_number", "all"]
    (unanswered,) = [line for line in done.stdout.decode().splitlines() if "no answer (" in line]
    assert unanswered.strip().startswith("phone_number/two-digits: ")


def test_only_the_groups_asked_for_are_in_the_table(lyftr: Lyftr) -> None:
    groups = ["hex_hmac_sha256", "phone_number"]
    only = [word for group in groups for word in ("--only", group)]
    with receiving(Sloppy) as url:
        done = lyftr("conformance", "--url", url, *only, WEBHOOK_SECRET=SECRET)
    assert list(table_of(done)) == [*groups, "all"]


def test_a_receiver_that_falls_silent_ends_it_with_one_line(lyftr: Lyftr) -> None:
    with receiving(Silent) as url:
        done = lyftr("conformance", "--url", url, "--timeout", "60", WEBHOOK_SECRET=SECRET)
    assert done.returncode == 2
    assert "no answer to 5 cases in a row" in refusal(done)


def test_a_receiver_that_asks_for_patience_for_ever_is_left(lyftr: Lyftr) -> None:
    with receiving(Overloaded) as url:
        done = lyftr("conformance", "--url", url, WEBHOOK_SECRET=SECRET)
    assert done.returncode == 2
    assert "no answer to 5 cases in a row" in refusal(done)
    assert refusal(done).endswith(": answered 503")


def test_each_case_is_signed_after_the_answer_to_the_one_before(lyftr: Lyftr) -> None:
    with receiving(Slow) as url:
        lyftr("conformance", "--url", url, "--only", "text", "--timeout", "60", **STANDARD)
    assert Slow.requests > 30
    assert Slow.signed_early == []


def test_a_receiver_may_ask_for_patience(lyftr: Lyftr) -> None:
    with receiving(Busy) as url:
        done = lyftr("conformance", "--url", url, "--only", "text", WEBHOOK_SECRET=SECRET)
    assert "503" not in done.stdout.decode()
    assert table_of(done)["text"][0] > table_of(done)["text"][1] > "0"


def test_what_takes_no_ordinary_message_is_not_asked_on(lyftr: Lyftr) -> None:
    with receiving(Sloppy) as url:
        done = lyftr("conformance", "--url", url, "--secret", "another")
    assert done.returncode == 2
    assert refusal(done).startswith(f"lyftr: {url} answers an ordinary message with 403")


def test_nobody_there_is_one_line(lyftr: Lyftr) -> None:
    with receiving(Sloppy) as url:
        pass
    done = lyftr("conformance", "--url", url, WEBHOOK_SECRET=SECRET)
    assert done.returncode == 2
    assert refusal(done).startswith(f"lyftr: no answer from {url}: ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--secret", "canary-secret", "--url", "ftp://x/"], "--url must be as in http://"),
        (["--secret", "canary-secret", "--url", "http://"], "--url must be as in http://"),
        (["--secret", "canary-secret", "--url", "http://a:b/"], "--url"),
        (["--secret", "canary-secret", "--url", "http://a/\n"], "--url must be visible ASCII"),
        (["--secret", "canary-secret", "--only", "all"], "--only all: must be one of delivery, "),
        (["--secret", "canary-secret", "--timeout", "0"], "timeout"),
        (["--secret", ""], "--secret must not be empty"),
        (["--scheme", "standard", "--secret", "canary-secret"], "--secret must be whsec_"),
        ([], "WEBHOOK_SECRET must be set, or --secret given, to sign with"),
    ],
)
def test_what_cannot_be_tried_is_one_line_without_the_secret(
    lyftr: Lyftr, options: list[str], said: str
) -> None:
    done = lyftr("conformance", *options)
    assert done.returncode == 2
    assert said in refusal(done)
    assert "canary-secret" not in refusal(done)


def test_the_groups_are_those_of_the_scheme(lyftr: Lyftr) -> None:
    done = lyftr("conformance", "--secret", "s", "--only", "standard_webhooks")
    assert "hex_hmac_sha256" in refusal(done)
