"""Servers that store the same messages at the same time, in whatever order they came to each."""

import asyncio
import random
from collections import Counter

from lyftr_core.message import AddOutcome, Message
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresStore
from tests.support.postgresql.server import PostgresServer

_ROUNDS = 30
_MESSAGES = 300


def test_overlapping_batches_in_any_order_neither_deadlock_nor_store_a_message_twice(
    primary_to_break: PostgresServer,
) -> None:
    url = primary_to_break.tcp_url("inbox")
    created = asyncio.run(_race(url))
    assert len(created) == _ROUNDS * _MESSAGES
    assert set(created.values()) == {1}
    assert primary_to_break.sql("SELECT count(*) FROM messages", "inbox") == str(len(created))
    assert "deadlock detected" not in (primary_to_break.folder / "log").read_text()


async def _race(url: str) -> Counter[str]:
    """Add the same messages to three stores at once, and return who was created how often."""
    created: Counter[str] = Counter()
    async with PostgresStore(url) as one, PostgresStore(url) as two, PostgresStore(url) as three:
        for round_ in range(_ROUNDS):
            batch = [sample(message_id=f"{round_}-{number}") for number in range(_MESSAGES)]
            stores = (one, two, three)
            await asyncio.gather(*(_add_shuffled(store, batch, created) for store in stores))
    return created


async def _add_shuffled(store: PostgresStore, batch: list[Message], created: Counter[str]) -> None:
    # Each has a part of its own choice, in an order of its own, in several commits.
    mine = random.sample(batch, len(batch))
    for start in range(0, len(mine), 100):
        part = mine[start : start + 100]
        adding = (store.writer.add(message, received_at=NOON) for message in part)
        outcomes = await asyncio.gather(*adding)
        for message, outcome in zip(part, outcomes, strict=True):
            created[message.message_id] += outcome is AddOutcome.CREATED
