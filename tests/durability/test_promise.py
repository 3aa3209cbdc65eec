"""The promise of the service, through a real process and a real database."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.support.server import Serve, raw, signed
from tests.support.stores import ON_BOTH, held_up


@ON_BOTH
def test_a_signed_webhook_comes_back_as_a_message(serve: Serve) -> None:
    with serve() as server:
        assert server.deliver("m1", text="Grüße").json() == {"status": "ok"}
        item = server.http.get("/messages/m1").json()
    assert item["from"] == "+919876543210"
    assert item["text"] == "Grüße"
    assert item["ts"] == "2026-01-15T09:28:35Z"


@ON_BOTH
def test_messages_outlive_a_restart_and_their_redelivery_is_a_duplicate(serve: Serve) -> None:
    with serve() as first:
        first.deliver("m1").raise_for_status()
    with serve() as second:
        second.deliver("m1").raise_for_status()
        second.deliver("m2").raise_for_status()
        page = second.http.get("/messages").json()
        line = second.wait_for_line('"result":"duplicate"')
    first_item, second_item = page["items"]
    assert (first_item["message_id"], second_item["message_id"]) == ("m1", "m2")
    assert first_item["seq"] < second_item["seq"]
    assert line["duplicate"] is True


@ON_BOTH
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "two workers"])
def test_many_webhooks_at_once_are_stored_once_each(serve: Serve, options: tuple[str, ...]) -> None:
    async def deliver_all(url: str) -> list[int]:
        gate = asyncio.Semaphore(64)
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as client:

            async def deliver(number: int) -> int:
                async with gate:
                    return (await client.post("/webhook", **signed(f"m{number}"))).status_code

            return await asyncio.gather(*(deliver(number % 500) for number in range(1000)))

    with serve(*options) as server:
        assert set(asyncio.run(deliver_all(str(server.http.base_url)))) == {200}
        assert server.http.get("/stats").json()["total_messages"] == 500


@ON_BOTH
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_is_in_flight_and_exits_0(
    serve: Serve, tmp_path: Path, database_variables: dict[str, str], number: signal.Signals
) -> None:
    """A lock of ours holds up the commit, so that the request is in flight for certain."""
    with serve() as server, socket.create_connection(("127.0.0.1", server.port), 20) as sender:
        with held_up(tmp_path, database_variables):
            sender.sendall(raw(signed("in flight")))
            server.http.get("/health/live")  # answered after what arrived before it was taken up
            server.process.send_signal(number)
        answer = sender.recv(1000)
        assert server.process.wait(20) == 0
    assert answer.startswith(b"HTTP/1.1 200 ")
    with serve() as another:
        assert another.http.get("/messages/in%20flight").status_code == 200
