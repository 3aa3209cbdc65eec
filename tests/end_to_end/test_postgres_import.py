"""`lyftr export` and `lyftr import` with PostgreSQL: out, in, and out again is the same."""

import asyncio
import subprocess
import time
from pathlib import Path

from lyftr_core.testing.samples import NOON, sample
from lyftr_sqlite import SqliteStore
from tests.end_to_end.conftest import LYFTR, PATIENCE, Lyftr, Serve, environment
from tests.end_to_end.databases import query

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
