"""The page on PostgreSQL, followed with a real one; libpq finds it by the environment."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.docs.pages import ROOT, blocks_of
from tests.docs.printed import assert_shown
from tests.docs.reader import Reader
from tests.postgresql.database_server import DatabaseServer

pytestmark = pytest.mark.once

BLOCKS = [
    block
    for block in blocks_of(ROOT / "docs" / "how-to" / "postgresql.md")
    if block.language in {"sh", "output"}
]
INSTALL, SERVE, SEND, FOUND, MIGRATE, MIGRATED = BLOCKS


@pytest.fixture
def reader(
    tmp_path: Path, postgres_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reader]:
    if missing := [tool for tool in ("bash", "createdb") if shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    url = urlsplit(postgres_server.url("postgres"))
    named = dict(parse_qsl(url.query))
    monkeypatch.setenv("PGHOST", named.get("host") or url.hostname or "")
    monkeypatch.setenv("PGPORT", named.get("port") or str(url.port or 5432))
    monkeypatch.setenv("PGUSER", url.username or "postgres")
    monkeypatch.setenv("PGPASSWORD", url.password or "")
    try:
        with Reader(tmp_path) as reader:
            yield reader
    finally:
        postgres_server.sql("DROP DATABASE IF EXISTS inbox WITH (FORCE)")


def test_a_reader_of_the_page_has_a_server_on_postgresql(reader: Reader) -> None:
    reader.run(INSTALL)
    reader.run(SERVE)
    assert_shown("output", FOUND.text, reader.run(SEND))
    page = httpx.get(f"http://127.0.0.1:{reader.port}/messages").json()
    assert [item["message_id"] for item in page["items"]] == ["m1"]
    assert_shown("output", MIGRATED.text, reader.run(MIGRATE))
