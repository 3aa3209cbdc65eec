"""Commands that work on a whole database, on PostgreSQL, beside a real server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lyftr_core.testing.strategies.samples import NOON, sample
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.server import Lyftr, LyftrServer, Serve, refusal
from tests.support.stores import open_store

_PERSON = "+918877665544"
_TEXT = "a text that nobody else has written"
_ON_POSTGRESQL = pytest.mark.parametrize("database_variables", ["postgresql"], indirect=True)

Show = Callable[[str], None]


def everything(server: DatabaseServer, url: str) -> str:
    """Return what a dump of the tables would hold."""
    here = DatabaseServer(url, server.psql)
    tables = here.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").splitlines()
    return "\n".join(here.sql(f'SELECT * FROM "{table}"') for table in tables)  # noqa: S608 - from the catalogue


@_ON_POSTGRESQL
def test_an_erased_number_is_nowhere_while_the_server_goes_on(
    serve: Serve,
    lyftr: Lyftr,
    database_variables: dict[str, str],
    postgres_server: DatabaseServer,
    show: Show,
) -> None:
    url = database_variables["DATABASE_URL"]
    with serve() as server:
        server.deliver("from", **{"from": _PERSON, "text": _TEXT})
        server.deliver("to", to=_PERSON, text=_TEXT)
        server.deliver("other")
        assert _PERSON in everything(postgres_server, url)
        done = lyftr("erase", "--number", _PERSON, "--yes")
        assert done.returncode == 0
        show(done.stdout.decode().strip())
        assert done.stdout.decode().startswith("2 messages removed from lyftr_test_")
        assert "rebuild" not in done.stderr.decode()
        left = everything(postgres_server, url)
        assert _PERSON not in left
        assert _TEXT not in left
        assert_erased(server)
        # A late redelivery is a duplicate, and brings nothing back; a changed one is a conflict.
        server.deliver("from", **{"from": _PERSON, "text": _TEXT})
        server.deliver("from", **{"from": _PERSON, "text": "changed"})
        assert server.wait_for_line('"result":"duplicate"')["message_id"] == "from"
        assert server.wait_for_line('"result":"conflict"')["message_id"] == "from"
        assert_erased(server)
        assert _PERSON not in server.output.read_text()


def assert_erased(server: LyftrServer) -> None:
    get = server.http.get
    assert get("/messages").json()["total"] == 1
    assert get("/messages/from").status_code == 404
    assert get("/messages", params={"from": _PERSON}).json()["total"] == 0
    assert get("/messages", params={"q": "nobody"}).json()["total"] == 0
    assert get("/stats").json()["total_messages"] == 1
    assert get("/messages?after=0").json()["items"][0]["message_id"] == "other"


@_ON_POSTGRESQL
def test_what_is_purged_beside_a_server_is_gone_from_its_answers(
    serve: Serve, lyftr: Lyftr
) -> None:
    later = ("purge", "--older-than", "2100-01-01T00:00:00Z")
    with serve() as server:
        for number in range(3):
            server.deliver(f"m{number}").raise_for_status()
        assert lyftr(*later, "--dry-run").stdout == b"3 messages would be removed\n"
        assert lyftr("purge", "--older-than", "1d", "--dry-run").stdout[:1] == b"0"
        assert "--yes" in refusal(lyftr(*later))
        assert server.http.get("/messages").json()["total"] == 3
        assert lyftr(*later, "--yes").stdout.decode().startswith("3 messages removed")
        assert server.http.get("/messages").json()["total"] == 0
        assert lyftr(*later, "--yes").stdout[:1] == b"0"


@_ON_POSTGRESQL
async def test_retention_removes_old_messages_and_no_new_ones(
    serve: Serve, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    async with open_store(tmp_path, database_variables) as store:
        for number in range(5):
            await store.writer.add(sample(f"old {number}"), received_at=NOON)
    with serve() as server:
        server.deliver("new").raise_for_status()
        assert server.http.get("/messages").json()["total"] == 6
    with serve(RETENTION_DAYS="1") as server:
        server.wait_for_line('"old messages removed"')
        page = server.http.get("/messages").json()
        assert [item["message_id"] for item in page["items"]] == ["new"]
        assert server.http.get("/stats").json()["total_messages"] == 1


@_ON_POSTGRESQL
@pytest.mark.parametrize("format_", ["jsonl", "csv"])
def test_what_is_exported_is_what_the_server_has_and_another_database_takes_it(
    serve: Serve, lyftr: Lyftr, tmp_path: Path, format_: str
) -> None:
    with serve() as server:
        for number in range(120):
            server.deliver(f"m{number}", text=f'"{number}",\r\né').raise_for_status()
        items = server.http.get("/messages?after=0&limit=100").json()["items"]
        file = tmp_path / f"out.{format_}"
        as_format = ("--format", format_)
        assert lyftr("export", *as_format, "--output", str(file)).returncode == 0
        assert lyftr("export", *as_format).stdout == file.read_bytes()
    other = {"DATABASE_URL": f"sqlite:///{tmp_path}/other.db"}
    assert lyftr("import", str(file), **other).returncode == 0
    lines = lyftr("tail", "--after", "0", "--json", **other).stdout.decode().splitlines()
    imported = [json.loads(line) for line in lines]
    assert len(imported) == 120
    fields = ("message_id", "from", "to", "ts", "text", "received_at")
    for given, got in zip(items, imported, strict=False):
        assert {name: given[name] for name in fields} == {name: got[name] for name in fields}


@_ON_POSTGRESQL
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_what_works_on_a_file_alone_is_refused_with_what_to_use(
    lyftr: Lyftr, command: str, tmp_path: Path, show: Show
) -> None:
    file = tmp_path / "file"
    if command == "restore":
        file.touch()
    line = refusal(lyftr(command, str(file)))
    show(line)
    assert f"lyftr {command} works on SQLite; for PostgreSQL use " in line
