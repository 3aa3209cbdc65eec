"""`lyftr purge`, killed or interrupted in between."""

import signal
from pathlib import Path

import pytest

from tests.support.command_processes import running, wait_for
from tests.support.server import PATIENCE, Lyftr
from tests.support.stores import ON_BOTH, Inbox

_EVERYTHING = ("purge", "--older-than", "2100-01-01T00:00:00Z", "--yes")
_MANY = 5_000


@ON_BOTH
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_purge_that_is_interrupted_leaves_nothing_half_done_and_another_finishes_it(
    lyftr: Lyftr,
    tmp_path: Path,
    database_variables: dict[str, str],
    inbox: Inbox,
    number: signal.Signals,
) -> None:
    inbox.fill(_MANY)
    with running(tmp_path, *_EVERYTHING, **database_variables) as process:
        wait_for(lambda: inbox.present() < _MANY, process)
        process.send_signal(number)
        assert process.wait(PATIENCE) in {130, -number}
    assert 0 < inbox.present() < _MANY
    inbox.assert_nothing_wrong()
    assert lyftr(*_EVERYTHING).returncode == 0
    assert inbox.present() == 0
    inbox.assert_nothing_wrong()
