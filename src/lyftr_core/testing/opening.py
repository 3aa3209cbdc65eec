"""What the contract asks of its user: a way to open an empty repository; and reading its log."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from hypothesis import HealthCheck, settings

from lyftr_core.ports import MessageReader, MessageWriter
from lyftr_core.selection import LogRun, LogSelection, MessageFilter

__all__ = ["Opening", "contract_settings", "follow_log"]

_MOST_RUNS = 1_000
"""More than any test has; an adapter that makes no progress has no last run."""

contract_settings: settings = settings(
    max_examples=30,
    deadline=None,  # an adapter may be as slow as its disk
    # Each subclass of the contract runs the same function. An example opens its own repository,
    # so nothing passes from one to the next. A slow machine is no fault of the adapter either.
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)
"""For the property tests of the contract: few examples, as each opens a repository."""


class Opening:
    """The base of each part of the contract."""

    # Not abstract: pytest leaves abstract classes out in silence.
    def open_repository(self) -> AbstractAsyncContextManager[tuple[MessageWriter, MessageReader]]:
        """Open a fresh and empty repository, and close it at the end of the context.

        It is called once in most tests and many times in some; what one call stored, another must
        not see. The reader must see what the writer has committed.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement open_repository")


async def follow_log(
    reader: MessageReader, query: MessageFilter, *, after: int = 0, limit: int
) -> AsyncIterator[LogRun]:
    """Yield the runs of a log up to its end, each behind the one before."""
    for _ in range(_MOST_RUNS):
        run = await reader.read_log(LogSelection(filter=query, after=after, limit=limit))
        seqs = [stored.seq for stored in run.messages]
        assert seqs == sorted(set(seqs))
        assert all(after < seq <= run.through for seq in seqs)
        yield run
        if not run.has_more:
            return
        assert run.through > after
        after = run.through
    raise AssertionError("the runs do not come to an end")
