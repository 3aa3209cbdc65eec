"""`lyftr import` on a terminal and beside a server."""

import asyncio
import signal
from pathlib import Path

import pytest

from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_sqlite import SqliteStore
from tests.support.command_processes import running, wait_for
from tests.support.databases import count, rows
from tests.support.results import ok
from tests.support.server import Lyftr
from tests.support.stored import assert_nothing_wrong
from tests.support.stores import Inbox
from tests.support.terminal import on_a_terminal

_MANY = 5_000


@pytest.fixture
def new(lyftr: Lyftr, inbox: Inbox, tmp_path: Path) -> Path:
    """A database that is not there yet, beside an export that is to go into it."""
    inbox.fill(_MANY)
    ok(lyftr("export", "--output", "x.jsonl"))
    return tmp_path / "new.db"


def test_ctrl_c_ends_an_import_between_two_commits_and_says_how_far_it_came(
    lyftr: Lyftr, new: Path, tmp_path: Path
) -> None:
    url, everything = f"sqlite:///{new}", rows(tmp_path / "lyftr.db")
    with on_a_terminal(tmp_path, "import", "x.jsonl", variables={"DATABASE_URL": url}) as terminal:
        wait_for(lambda: count(url) > 0, terminal.process)
        terminal.interrupt()
        status, printed = terminal.end()
    if "interrupted" in printed:
        assert status == 130, printed
        assert f"interrupted: {count(url)} new, 0 there already, 0 conflicts" in printed
        assert count(url) % 1_000 == 0
    else:  # it was done, and may have been about to exit
        assert rows(new) == everything, printed
        assert status in {0, 130, -signal.SIGINT}, printed
    ok(lyftr("import", "x.jsonl", DATABASE_URL=url))
    assert rows(new) == everything


def test_an_import_beside_a_server_leaves_its_webhooks_their_turns(
    new: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{new}"

    async def deliver_meanwhile() -> int:
        async with SqliteStore(url) as store:
            with running(tmp_path, "import", "x.jsonl", DATABASE_URL=url) as process:
                delivered = 0
                while process.poll() is None:
                    await store.writer.add(sample(f"live-{delivered}"), received_at=NOON)
                    delivered += 1
                assert process.returncode == 0
            return delivered

    delivered = asyncio.run(deliver_meanwhile())
    assert delivered > 0
    assert count(url) == _MANY + delivered
    assert_nothing_wrong(new)
