"""Removing messages from a SQL database, in steps that hold up nobody for long."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.removal import Removal, RemovalStep
from lyftr_sql.conditions import Conditions

__all__ = ["LOOKED_AT", "Chosen", "SqlMessageRemover", "StepSize"]

LOOKED_AT = 65_536
"""So many rows of the log one step looks at, at most."""
FEWEST, MOST = 16, 2_048
"""How many messages one step removes, at least and at most."""
AIM = 0.01
"""How long a step should take, in seconds."""
_SMOOTHING = 2
"""A step is at most so many times as large as the one before, or as small."""


class StepSize:
    """Makes steps larger or smaller by how long they took.

    Args:
        fewest: How much a step does at least; the first step does so much.
        most: How much a step does at most.
    """

    def __init__(self, fewest: int, most: int) -> None:
        self.at_once: int = fewest
        self._fewest = fewest
        self._most = most

    def note(self, done: int, seconds: float) -> None:
        """Take notice of a step.

        Args:
            done: How much it did.
            seconds: How long it took.
        """
        wanted = int(done * AIM / max(seconds, 1e-6))
        near = min(max(wanted, self.at_once // _SMOOTHING), self.at_once * _SMOOTHING)
        self.at_once = min(max(near, self._fewest), self._most)


class Chosen(NamedTuple):
    """What a step removes.

    Attributes:
        seqs: The `seq` of each message, ascending.
        horizon: Up to which `seq` was looked, if the limit did not end the look before.
        last: The last `seq` of the log.
    """

    seqs: Sequence[int]
    horizon: int
    last: int


class SqlMessageRemover(ABC):
    """The `MessageRemover` port over a SQL database. Other processes may write meanwhile.

    Args:
        conditions: On the log.
    """

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._step_size = StepSize(FEWEST, MOST)

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        """Remove some messages; see `lyftr_core.ports.MessageRemover`."""
        limit = self._step_size.at_once
        async with self._reading() as connection:
            seqs, horizon, last = await self._choose(connection, removal, after, limit)
        through = seqs[-1] if len(seqs) == limit else horizon
        if not seqs:
            return RemovalStep(0, through, last)
        removed, seconds = await self._erase(seqs)
        self._step_size.note(len(seqs), seconds)
        return RemovalStep(removed, through, last)

    async def count(self, removal: Removal) -> int:
        """Count the messages to remove; see `lyftr_core.ports.MessageRemover`."""
        found = select(func.count()).select_from(self._conditions.messages)
        query = found.where(*self._conditions.to_remove(removal))
        async with self._reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    @abstractmethod
    async def scrub(self) -> bool:
        """Clear away what is left; see `lyftr_core.ports.MessageRemover`."""

    @abstractmethod
    def _reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Use a connection of the readers, who look for what is to be removed."""

    @abstractmethod
    async def _choose(
        self, connection: AsyncConnection, removal: Removal, after: int, limit: int
    ) -> Chosen:
        """Choose what to remove next."""

    @abstractmethod
    async def _erase(self, seqs: Sequence[int]) -> tuple[int, float]:
        """Remove messages, and return how many were removed, in how many seconds."""
