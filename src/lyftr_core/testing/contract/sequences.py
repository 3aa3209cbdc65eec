"""The contract of calls in whatever order: the stateful machine, as one of the tests."""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from lyftr_core.ports import MessageReader, MessageWriter
from lyftr_core.testing.machine.machine import Loop, RepositoryMachine
from lyftr_core.testing.opening import Opening

__all__ = ["SequencesContract"]

Value = TypeVar("Value")


class SequencesContract(Opening):
    """What only shows after some calls before: caches, projections, forgotten state."""

    async def test_any_sequence_of_calls_is_answered_as_by_the_reference(self) -> None:
        contract, loop = self, _LoopOfTheTest(asyncio.get_running_loop())

        class Repository(RepositoryMachine):
            def open_repository(
                self,
            ) -> AbstractAsyncContextManager[tuple[MessageWriter, MessageReader]]:
                return contract.open_repository()

            def _enter_loop(self) -> Loop:
                return loop

        try:
            await asyncio.to_thread(run_state_machine_as_test, Repository, settings=_settings())
        finally:
            loop.is_over = True


def _settings() -> settings:
    return settings(
        max_examples=20,
        stateful_step_count=20,
        deadline=None,  # an adapter may be as slow as its disk
        suppress_health_check=list(HealthCheck),  # as above
        report_multiple_bugs=False,  # the fewest steps to one
        # What may vary in a step that fails costs as much time as to shrink it.
        phases=[phase for phase in Phase if phase is not Phase.explain],
    )


class _LoopOfTheTest:
    """Lets a thread call coroutines on the event loop of the test.

    What a fixture of the user opened on that loop, such as a pool of connections, works there
    and nowhere else.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.is_over = False

    def run(self, coro: Coroutine[Any, Any, Value]) -> Value:
        if self.is_over:  # the test was cancelled
            coro.close()
            raise asyncio.CancelledError
        return asyncio.run_coroutine_threadsafe(coro, self._loop).result()

    def close(self) -> None:
        """Leave the loop to the test."""
