"""The three services, each as a process: what a sender and a reader meet is the same."""

import json
import signal
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from lyftr_core import HexHmacSha256
from tests.examples.commands import SECRET, SERVICES, Service

MAX_BODY = 64 * 1024


def message(message_id: str, **fields: object) -> dict[str, object]:
    return {
        "message_id": message_id,
        "from": "+919876543210",
        "to": "+14155550100",
        "ts": "2026-01-15T09:28:35Z",
        "text": "Hello",
        **fields,
    }


def body(message_id: str, **fields: object) -> bytes:
    return json.dumps(message(message_id, **fields)).encode()


@pytest.fixture(scope="module", params=SERVICES)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One process for all the tests that do nothing to it: each takes other identifiers."""
    with Service(request.param, tmp_path_factory.mktemp("service")) as running:
        yield running
    assert "Traceback" not in running.output, running.output


each_service = pytest.mark.parametrize("name", SERVICES)


def test_message_is_stored_once_whatever_is_sent_again(service: Service) -> None:
    other = body("once", text="other")
    for content in (body("once"), body("once"), other, body("once")):
        answer = service.post(content)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    item = service.items()["once"]
    assert {name: item[name] for name in message("once")} == message("once")


@pytest.mark.parametrize("content", [body("unproven"), b"no JSON"])
def test_what_is_not_signed_is_refused_whatever_it_says(service: Service, content: bytes) -> None:
    right = HexHmacSha256(SECRET).sign(content)
    for signatures in ([], ["0" * 64], ["é"], [right, right], [right, "0" * 64]):
        answer = service.post(content, signatures)
        assert (answer.status_code, answer.json()) == (401, {"detail": "invalid signature"})
    assert "unproven" not in service.items()


def test_every_fault_of_a_body_is_named(service: Service) -> None:
    answer = service.post(body("a\n", **{"from": "1", "ts": "2026-02-30T00:00:00Z", "text": 1}))
    assert answer.status_code == 422
    assert [(fault["loc"], fault["type"]) for fault in answer.json()["detail"]] == [
        (["body", "message_id"], "control_character"),
        (["body", "from"], "not_e164"),
        (["body", "ts"], "no_such_time"),
        (["body", "text"], "wrong_type"),
    ]
    answer = service.post(b"\xff")
    assert answer.status_code == 422
    assert [(f["loc"], f["type"]) for f in answer.json()["detail"]] == [(["body"], "invalid_utf8")]


def test_longest_body_is_taken_and_a_longer_one_is_not(service: Service) -> None:
    start = body("long")
    longest = start + b" " * (MAX_BODY - len(start))
    assert service.post(longest).status_code == 200
    answer = service.post(longest + b" ")
    assert answer.status_code == 413
    assert isinstance(answer.json()["detail"], str)


def test_limit_holds_where_no_length_is_told(service: Service) -> None:
    start = body("chunked")
    for padding, status in ((MAX_BODY - len(start), 200), (MAX_BODY - len(start) + 1, 413)):
        content = start + b" " * padding
        pieces = (content[at : at + 10_000] for at in range(0, len(content), 10_000))
        headers = {"X-Signature": HexHmacSha256(SECRET).sign(content)}
        answer = service.http.post("/webhook", content=pieces, headers=headers)
        assert "content-length" not in answer.request.headers
        assert answer.status_code == status


def test_other_methods_and_paths_are_refused_in_json(service: Service) -> None:
    answer = service.http.get("/webhook")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert isinstance(answer.json()["detail"], str)
    assert service.http.delete("/messages").status_code == 405
    assert isinstance(service.http.get("/nowhere").json()["detail"], str)
    assert service.http.get("/nowhere").status_code == 404


def test_cursor_that_nobody_gave_is_refused(service: Service) -> None:
    answer = service.http.get("/messages", params={"cursor": "nonsense"})
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert (fault["loc"], fault["type"]) == (["query", "cursor"], "invalid_cursor")


def test_many_at_once_are_each_stored_once(service: Service) -> None:
    contents = [body(f"at-once-{number % 60}") for number in range(120)]
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(service.post, contents))
    assert {answer.status_code for answer in answers} == {200}
    stored = [message_id for message_id in service.items() if message_id.startswith("at-once-")]
    assert len(stored) == 60  # more than a page


def test_sender_that_goes_away_harms_nobody(service: Service) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(b"POST /webhook HTTP/1.1\r\nHost: t\r\nContent-Length: 99\r\n\r\n{")
    assert service.post(body("after")).status_code == 200


@each_service
def test_without_a_secret_nothing_is_taken(name: str, tmp_path: Path) -> None:
    with Service(name, tmp_path, WEBHOOK_SECRET="") as service:
        answer = service.post(body("m1"))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert service.items() == {}


@each_service
def test_every_acknowledged_message_survives_kill_9(name: str, tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for round_ in range(3):
        with Service(name, tmp_path) as service:
            for number in range(10):
                message_id = f"{round_}-{number}"
                assert service.post(body(message_id)).status_code == 200
                acknowledged.add(message_id)
            service.stop(signal.SIGKILL)
    with Service(name, tmp_path) as service:
        assert service.items().keys() == acknowledged


@each_service
def test_on_a_full_disk_senders_are_told_to_try_again(name: str, tmp_path: Path) -> None:
    messages = {f"m{number}": body(f"m{number}", text="x" * 4_000) for number in range(200)}
    with Service(name, tmp_path, file_limit=400_000) as service:
        answers = {message_id: service.post(content) for message_id, content in messages.items()}
        refused = {message_id for message_id, a in answers.items() if a.status_code == 503}
        assert {answers[message_id].headers["Retry-After"] for message_id in refused} == {"1"}
        kept = answers.keys() - refused
        assert {answers[message_id].status_code for message_id in kept} == {200}
        assert len(kept) > 5
        assert service.items().keys() == kept
    with Service(name, tmp_path) as service:
        assert service.items().keys() == kept
        for message_id in refused:
            assert service.post(messages[message_id]).status_code == 200
        assert service.items().keys() == messages.keys()


def test_locked_database_is_a_503_until_it_is_free(tmp_path: Path) -> None:
    with (
        Service("fastapi_service", tmp_path) as service,
        closing(sqlite3.connect(tmp_path / "inbox.db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        answer = service.post(body("m1"))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        other.execute("ROLLBACK")
        assert service.post(body("m1")).status_code == 200
        assert service.items().keys() == {"m1"}


@pytest.mark.parametrize("name", ["plain_asgi", "flask_inbox"])
def test_file_that_another_process_has_open_stops_the_start(name: str, tmp_path: Path) -> None:
    with Service(name, tmp_path):
        second = Service(name, tmp_path)
        second.process.wait(60)
        assert second.process.returncode != 0
