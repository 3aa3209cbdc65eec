"""The page on PostgreSQL, followed with a real one; libpq finds it by the environment."""

import httpx

from tests.site.pages import ROOT, blocks_of
from tests.site.printed import assert_shown
from tests.site.reader import Reader

BLOCKS = [
    block
    for block in blocks_of(ROOT / "docs" / "how-to" / "postgresql.md")
    if block.language in {"sh", "output"}
]
INSTALL, SERVE, SEND, FOUND, MIGRATE, MIGRATED = BLOCKS


def test_a_reader_of_the_page_has_a_server_on_postgresql(postgres_reader: Reader) -> None:
    reader = postgres_reader
    reader.run(INSTALL)
    reader.run(SERVE)
    assert_shown("output", FOUND.text, reader.run(SEND))
    page = httpx.get(f"http://127.0.0.1:{reader.port}/messages").json()
    assert [item["message_id"] for item in page["items"]] == ["m1"]
    assert_shown("output", MIGRATED.text, reader.run(MIGRATE))
