"""That the baseline on PostgreSQL does what it claims to."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from bench.machine import SERVER_CORE
from bench.request_file import SECRET
from bench.servers import BASELINE_POSTGRES, Server
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
def server(tmp_path: Path, postgres_url: str) -> Iterator[Server]:
    with Server(BASELINE_POSTGRES, tmp_path / "log", tmp_path, url=postgres_url) as running:
        yield running


def deliver(server: Server, signature: str | None = None, **fields: object) -> httpx.Response:
    body = json.dumps(MESSAGE | fields).encode()
    headers = {"X-Signature": signature or HexHmacSha256(SECRET).sign(body)}
    return httpx.post(f"http://127.0.0.1:{server.port}/webhook", content=body, headers=headers)


def test_the_baseline_on_asyncpg_stores_each_message_once(
    server: Server, postgres_url: str
) -> None:
    assert deliver(server).json() == {"status": "ok"}
    assert deliver(server).status_code == 200
    assert deliver(server, signature="0" * 64).status_code == 401
    assert deliver(server, message_id="m2", ts="2026-02-30T00:00:00Z").status_code == 422
    with psycopg.connect(postgres_url) as connection:
        stored = connection.execute("SELECT message_id, sender, recipient, text FROM messages")
        assert stored.fetchall() == [("m1", "+919876543210", "+14155550100", "Hello")]
    metrics = httpx.get(f"http://127.0.0.1:{server.port}/metrics").text
    assert 'webhook_requests_total{result="duplicate"} 1.0' in metrics
