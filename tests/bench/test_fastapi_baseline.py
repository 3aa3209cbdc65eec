"""That what the benchmark compares with does what it claims to."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.machine import SERVER_CORE
from bench.request_file import SECRET
from bench.servers import BASELINE, Server
from bench.webhooks import count_stored
from lyftr_core import HexHmacSha256

MESSAGE = {
    "message_id": "m1",
    "from": "+919876543210",
    "to": "+14155550100",
    "ts": "2026-01-15T09:28:35Z",
    "text": "Hello",
}

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or SERVER_CORE not in os.sched_getaffinity(0),
    reason="the benchmark gives its servers core 0, on Linux",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(BASELINE, tmp_path / "baseline.db", tmp_path) as running:
        yield running


def deliver(server: Server, signature: str | None = None, **fields: object) -> httpx.Response:
    body = json.dumps(MESSAGE | fields).encode()
    headers = {"X-Signature": signature or HexHmacSha256(SECRET).sign(body)}
    return httpx.post(f"http://127.0.0.1:{server.port}/webhook", content=body, headers=headers)


def test_the_baseline_answers_as_the_contract_says(server: Server) -> None:
    assert deliver(server).json() == {"status": "ok"}
    assert deliver(server).status_code == 200
    wrong = deliver(server, signature="0" * 64)
    assert (wrong.status_code, wrong.json()) == (401, {"detail": "invalid signature"})
    invalid = deliver(server, message_id="m2", **{"from": "123", "ts": "2026-02-30T00:00:00Z"})
    assert invalid.status_code == 422
    assert [fault["loc"] for fault in invalid.json()["detail"]] == [
        ["body", "from"],
        ["body", "ts"],
    ]
    assert count_stored(server.database) == 1


_PATIENCE = 30.0


def test_the_baseline_stores_logs_and_counts(server: Server, tmp_path: Path) -> None:
    deliver(server)
    with closing(sqlite3.connect(server.database)) as database:
        stored = database.execute("SELECT message_id, sender, recipient, ts, text FROM messages")
        assert stored.fetchall() == [tuple(MESSAGE.values())]
    assert webhook_line(tmp_path)["status"] == 200
    metrics = httpx.get(f"http://127.0.0.1:{server.port}/metrics").text
    assert 'http_requests_total{method="POST",path="/webhook",status="200"} 1.0' in metrics
    assert 'webhook_requests_total{result="created"} 1.0' in metrics


def webhook_line(folder: Path) -> dict[str, Any]:
    """Wait for the line of the one webhook: it is written behind the answer."""
    (log,) = folder.glob("*.log")
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
        if found := [line for line in lines if line.get("path") == "/webhook"]:
            (line,) = found
            return dict(line)
        time.sleep(0.01)  # another process writes it
    pytest.fail("the webhook has no line in the log")
