"""What commands say of a database whose server was killed."""

import signal
from pathlib import Path

from tests.support.databases import names
from tests.support.results import checked, ok, records
from tests.support.server import Lyftr, Serve
from tests.support.stores import ON_BOTH


def test_a_backup_holds_what_a_killed_server_left_in_its_log(
    serve: Serve, lyftr: Lyftr, tmp_path: Path
) -> None:
    with serve() as server:
        for number in range(5):
            server.deliver(f"m{number}").raise_for_status()
        server.stop(signal.SIGKILL)
    ok(lyftr("backup", "backup.db"))
    assert names(tmp_path / "backup.db") == {f"m{number}" for number in range(5)}


@ON_BOTH
def test_a_conflict_that_was_answered_is_listed_after_kill_9(
    serve: Serve, lyftr: Lyftr, database_variables: dict[str, str]
) -> None:
    with serve() as server:
        server.deliver("m1").raise_for_status()
        server.deliver("m1", text="second").raise_for_status()
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    (conflict,) = records(lyftr("conflicts", "--json"))
    assert (conflict["message_id"], conflict["fields"]) == ("m1", ["text"])
    assert database_variables or set(checked(lyftr("check")).values()) == {"ok"}
