"""The server removes what is older than RETENTION_DAYS, one process at a time."""

import asyncio
import fcntl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import CapturingLogger

from lyftr_core import (
    AddOutcome,
    InMemoryMessageRepository,
    Removal,
    RemovalStep,
    RemoveMessages,
    StorageUnavailable,
)
from lyftr_core.testing.strategies.samples import NOON, fill, sample, select_ids
from lyftr_runtime import retention as module
from lyftr_runtime.retention import Retention

_DAY = timedelta(days=1)


class _Watched(InMemoryMessageRepository):
    """It knows how often it was scrubbed, and may fail or leave something."""

    def __init__(self, *failures: Exception, is_read: bool = False) -> None:
        super().__init__()
        self.scrubbed = 0
        self.emptied = asyncio.Event()
        self._failures = list(failures)
        self._is_read = is_read

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        if self._failures:
            raise self._failures.pop(0)
        return await super().remove(removal, after)

    async def scrub(self) -> bool:
        self.scrubbed += 1
        self.emptied.set()
        return not self._is_read


def _retention(
    repository: InMemoryMessageRepository,
    *,
    log: CapturingLogger | None = None,
    on_removed: Callable[[int], None] = lambda _count: None,
) -> Retention:
    """Return one that keeps messages for a day, as of a day and a second after noon."""
    return Retention(
        RemoveMessages(repository),
        1,
        lambda: NOON + _DAY + timedelta(seconds=1),
        log or CapturingLogger(),
        on_removed,
    )


async def test_what_is_old_goes_is_counted_and_is_logged_without_its_content() -> None:
    repository, log, counted = _Watched(), CapturingLogger(), list[int]()
    await fill(repository, map(sample, "abc"))  # received a second apart
    assert await _retention(repository, log=log, on_removed=counted.append).remove_old() == 1
    assert await select_ids(repository) == ["b", "c"]
    assert (sum(counted), repository.scrubbed) == (1, 1)
    (call,) = log.calls
    assert (call.method_name, call.args) == ("info", ("old messages removed",))
    assert call.kwargs.keys() == {"messages", "seconds"}
    assert await repository.add(sample("a"), received_at=NOON) is AddOutcome.DUPLICATE


async def test_what_an_earlier_one_left_is_cleared_away_though_nothing_is_old() -> None:
    repository, log = _Watched(), CapturingLogger()
    assert await _retention(repository, log=log).remove_old() == 0
    assert (repository.scrubbed, log.calls) == (1, [])


async def test_what_may_be_left_is_logged() -> None:
    repository, log = _Watched(is_read=True), CapturingLogger()
    await fill(repository, [sample()])
    await _retention(repository, log=log).remove_old()
    assert [call.method_name for call in log.calls] == ["warning", "info"]


async def test_only_one_process_of_a_server_removes(tmp_path: Path) -> None:
    repository = _Watched()
    await fill(repository, [sample()])
    with (tmp_path / "retention.lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert await _retention(repository).remove_old(str(tmp_path)) == 0
    assert await _retention(repository).remove_old(str(tmp_path)) == 1


async def test_it_begins_at_once_goes_on_after_a_failure_and_ends_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The second one is a fault of ours, of which nobody would hear until the server ends.
    repository = _Watched(StorageUnavailable("locked"), KeyError("unforeseen"))
    log = CapturingLogger()
    await fill(repository, [sample()])
    retention = _retention(repository, log=log)
    monkeypatch.setattr(module, "AFTER_FAILURE", 0.01)
    async with retention.running(), asyncio.timeout(30):
        await repository.emptied.wait()
    assert [call.method_name for call in log.calls][:2] == ["warning", "exception"]
