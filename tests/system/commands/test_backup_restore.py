"""`lyftr backup` and `lyftr restore`, with real servers: what is acknowledged is not lost."""

from pathlib import Path

from tests.support.databases import names
from tests.support.load import Load
from tests.support.results import ok
from tests.support.server import (
    SECRET,
    Lyftr,
    Serve,
    refusal,
)
from tests.support.stored import assert_nothing_wrong


def test_a_backup_under_load_holds_what_was_acknowledged_before_and_comes_back(
    serve: Serve, lyftr: Lyftr, tmp_path: Path
) -> None:
    with serve() as server, Load(server.port, SECRET, "m") as load:
        load.wait_for(100)
        before = set(load.acknowledged)
        ok(lyftr("backup", "--check", "backup.db"))
        load.wait_for(50)
        assert "is in use: stop the server first" in refusal(lyftr("restore", "backup.db"))
        load.wait_for(50)
        load.stop()
    backup = tmp_path / "backup.db"
    assert backup.stat().st_mode & 0o777 == 0o600
    backed_up = names(backup)
    assert before <= backed_up
    everything = names(tmp_path / "lyftr.db")
    assert set(load.acknowledged) <= everything
    ok(lyftr("restore", "backup.db"))
    assert names(tmp_path / "lyftr.db") == backed_up
    (old,) = tmp_path.glob("lyftr.db.before-*")
    assert names(old) == everything
    with serve() as server:
        assert server.deliver("after").status_code == 200
    assert_nothing_wrong(tmp_path / "lyftr.db")
