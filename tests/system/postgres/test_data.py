"""Commands on data with PostgreSQL: export and import, check and rebuild."""

import asyncio
import subprocess
import time
from pathlib import Path

from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_sqlite import SqliteStore
from tests.support.databases import execute, query
from tests.support.server import LYFTR, PATIENCE, Lyftr, Serve, environment, refusal

_MANY = 12_000


def exported(lyftr: Lyftr, tmp_path: Path) -> Path:
    """Export a SQLite database of many messages."""

    async def fill() -> None:
        async with SqliteStore(f"sqlite:///{tmp_path}/lyftr.db") as store:
            for start in range(0, _MANY, 4_000):
                some = (sample(f"m{n}", text=f'"{n}",\r\nÄ') for n in range(start, start + 4_000))
                await asyncio.gather(*(store.writer.add(m, received_at=NOON) for m in some))

    asyncio.run(fill())
    assert lyftr("export", "--output", "x.jsonl").returncode == 0
    return tmp_path / "x.jsonl"


def test_out_in_and_out_again_is_the_same(lyftr: Lyftr, tmp_path: Path, postgres_url: str) -> None:
    file = exported(lyftr, tmp_path)
    done = lyftr("import", file.name, DATABASE_URL=postgres_url)
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"{_MANY} new, 0 there already, 0 conflicts" in done.stdout.decode()
    again = lyftr("import", file.name, DATABASE_URL=postgres_url)
    assert f"0 new, {_MANY} there already, 0 conflicts" in again.stdout.decode()
    assert lyftr("export", DATABASE_URL=postgres_url).stdout == file.read_bytes()


def test_killed_again_and_again_it_is_finished_by_another(
    lyftr: Lyftr, serve: Serve, tmp_path: Path, postgres_url: str
) -> None:
    file = exported(lyftr, tmp_path)
    with serve(DATABASE_URL=postgres_url) as server:
        for turn in range(3):
            before = stored(postgres_url)
            with subprocess.Popen(
                [*LYFTR, "import", file.name],
                cwd=tmp_path,
                env=environment(DATABASE_URL=postgres_url),
                stdout=subprocess.DEVNULL,
            ) as process:
                deadline = time.monotonic() + PATIENCE
                while process.poll() is None and stored(postgres_url) < before + 1_000:
                    assert time.monotonic() < deadline
                process.kill()
            server.deliver(f"webhook {turn}").raise_for_status()
        assert lyftr("import", file.name, DATABASE_URL=postgres_url).returncode == 0
        assert server.http.get("/messages").json()["total"] == _MANY + 3
    assert stored(postgres_url) == _MANY + 3
    order = "SELECT message_id FROM messages WHERE message_id LIKE 'm%' ORDER BY seq"
    assert [row[0] for row in query(postgres_url, order)] == [f"m{n}" for n in range(_MANY)]


def stored(url: str) -> int:
    ((count,),) = query(url, "SELECT count(*) FROM messages")
    return int(count)


def test_check_and_rebuild_beside_a_server(lyftr: Lyftr, serve: Serve, postgres_url: str) -> None:
    with serve(DATABASE_URL=postgres_url) as server:
        for number in range(3):
            server.deliver(f"m{number}").raise_for_status()
        rebuilt = lyftr("rebuild", DATABASE_URL=postgres_url)
        assert (rebuilt.returncode, rebuilt.stderr) == (0, b"")
        assert "rebuilt up to seq " in rebuilt.stdout.decode()
        done = lyftr("check", DATABASE_URL=postgres_url)
        assert (done.returncode, done.stderr) == (0, b"")
        said = dict(line.split(": ", 1) for line in done.stdout.decode().splitlines())
        assert set(said.values()) == {"ok"}
        assert {"messages", "totals", "search"} <= set(said)
        server.deliver("m3").raise_for_status()
        assert server.http.get("/stats").json()["total_messages"] == 4
    execute(postgres_url, "UPDATE messages SET folded = 'a secret' WHERE message_id = 'm1'")
    wrong = lyftr("check", DATABASE_URL=postgres_url)
    assert wrong.returncode == 1
    assert "has a wrong folded text" in wrong.stdout.decode()
    assert "a secret" not in wrong.stdout.decode()


def test_backup_and_restore_say_what_to_use_instead(
    lyftr: Lyftr, tmp_path: Path, postgres_url: str
) -> None:
    (tmp_path / "x.db").touch()
    backup = lyftr("backup", "new.db", DATABASE_URL=postgres_url)
    assert "use pg_dump" in refusal(backup)
    assert not (tmp_path / "new.db").exists()
    assert "use pg_restore" in refusal(lyftr("restore", "x.db", DATABASE_URL=postgres_url))
