"""Removing: which messages, what stays of them, and the contract of removal over memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from lyftr_core import (
    FaultCode,
    InMemoryMessageRepository,
    InvalidQuery,
    Message,
    MessageReader,
    MessageRemover,
    MessageWriter,
    Removal,
    RemovalStep,
    RemoveMessages,
    StoredMessage,
    content_hash,
)
from lyftr_core.testing import RemovalContract, messages
from lyftr_core.testing.strategies.samples import NOON, fill, sample


class TestRemovalFromMemory(RemovalContract):
    @asynccontextmanager
    async def open_removable(
        self,
    ) -> AsyncGenerator[tuple[MessageWriter, MessageReader, MessageRemover]]:
        repository = InMemoryMessageRepository()
        yield repository, repository, repository


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        pytest.param({}, "received_before", FaultCode.MISSING, id="nothing"),
        pytest.param({"number": "12"}, "number", FaultCode.NOT_E164, id="number"),
        pytest.param({"number": ""}, "number", FaultCode.NOT_E164, id="empty-number"),
        pytest.param(
            {"received_before": datetime(2026, 1, 15)},  # noqa: DTZ001 - what is refused
            "received_before",
            FaultCode.NOT_RFC3339,
            id="naive",
        ),
    ],
)
def test_a_removal_of_nothing_or_of_nonsense_is_refused(
    values: dict[str, object], field: str, code: FaultCode
) -> None:
    with pytest.raises(InvalidQuery) as refusal:
        Removal(**values)  # type: ignore[arg-type] # what is refused
    assert [(fault.field, fault.code) for fault in refusal.value.faults] == [(field, code)]


def test_the_moment_itself_is_not_before_it() -> None:
    stored = StoredMessage(message=sample(), received_at=NOON, seq=1)
    assert not Removal(received_before=NOON).matches(stored)
    assert Removal(received_before=NOON + timedelta(microseconds=1)).matches(stored)


def test_the_hash_is_the_same_in_every_version() -> None:
    """It is stored: another one would make each late redelivery a conflict."""
    assert content_hash(sample()) == HASH_OF_SAMPLE
    assert content_hash(sample(text=None)) == HASH_WITHOUT_TEXT


HASH_OF_SAMPLE = 3_593_124_107
HASH_WITHOUT_TEXT = 3_261_356_144


@given(first=messages(), second=messages())
def test_equal_messages_have_equal_hashes_and_others_others(
    first: Message, second: Message
) -> None:
    assert content_hash(first) in range(2**32)
    assert (content_hash(first) == content_hash(second)) == (first == second)


def test_no_text_is_no_empty_text_and_a_field_does_not_run_into_the_next() -> None:
    same_in_a_row = sample("m1", sender="+12", recipient="+13"), sample("m1+12", sender="+13")
    hashes = {content_hash(m) for m in (sample(text=None), sample(text=""), *same_in_a_row)}
    assert len(hashes) == 4


async def test_progress_is_told_of_each_step_and_the_steps_add_up() -> None:
    class InSteps(InMemoryMessageRepository):
        async def remove(self, removal: Removal, after: int) -> RemovalStep:
            asked.append(after)
            return RemovalStep(removed=1, through=after + 2, last=5)

    asked: list[int] = []
    told: list[int] = []
    removed = await RemoveMessages(InSteps())(
        Removal(number="+12"), lambda step: told.append(step.through)
    )
    assert (removed, asked, told) == (3, [0, 2, 4], [2, 4, 6])


async def test_what_is_counted_is_what_goes() -> None:
    repository = InMemoryMessageRepository()
    remove = RemoveMessages(repository)
    await fill(repository, [sample("a", sender="+12"), sample("b"), sample("c", recipient="+12")])
    assert await remove.count(Removal(number="+12")) == 2
    assert await remove(Removal(number="+12")) == 2
    assert await remove.count(Removal(received_before=datetime.max.replace(tzinfo=UTC))) == 1
