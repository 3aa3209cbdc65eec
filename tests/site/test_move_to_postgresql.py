"""The page on moving, followed from a server on SQLite to one on PostgreSQL."""

import httpx

from lyftr_core import HexHmacSha256
from tests.site.pages import ROOT, Block, blocks_of
from tests.site.printed import assert_shown
from tests.site.reader import Reader
from tests.support.server import signed

BLOCKS = [
    block
    for block in blocks_of(ROOT / "docs" / "how-to" / "move-to-postgresql.md")
    if block.language in {"sh", "output", "stop"}
]
COPY, COPIED, STOP, COPY_REST, COPIED_REST, SERVE = BLOCKS
SECRET = "secret"  # as the page has it
SERVER = Block("sh", f"WEBHOOK_SECRET={SECRET} .venv/bin/lyftr serve\n", "", 0)


def test_a_reader_of_the_page_moves_without_losing_a_message(postgres_reader: Reader) -> None:
    reader = postgres_reader
    reader.run(SERVER)
    deliver(reader, "m1")
    assert_shown("output", COPIED.text, reader.run(COPY))
    deliver(reader, "m2")
    assert STOP.language == "stop"
    reader.stop()
    assert_shown("output", COPIED_REST.text, reader.run(COPY_REST))
    reader.run(SERVE)
    deliver(reader, "m1")
    deliver(reader, "m3")
    log = httpx.get(f"http://127.0.0.1:{reader.port}/messages", params={"after": 0}).json()
    assert [item["message_id"] for item in log["items"]] == ["m1", "m2", "m3"]


def deliver(reader: Reader, message_id: str) -> None:
    content = signed(message_id)["content"]
    answer = httpx.post(
        f"http://127.0.0.1:{reader.port}/webhook",
        content=content,
        headers={"X-Signature": HexHmacSha256(SECRET).sign(content)},
    )
    answer.raise_for_status()
