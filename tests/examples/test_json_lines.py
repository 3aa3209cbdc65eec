"""What the contract cannot check of the repository in a file: crashes, and writes that fail."""

import asyncio
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.json_lines.repository import JsonLinesRepository
from lyftr_core import AddOutcome, Message, MessageFilter, Selection, StorageUnavailable
from lyftr_core.testing import messages
from tests.examples.commands import with_root
from tests.support.server import environment

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
# Several callers at once; each prints what it was promised.
_ADD_FOR_EVER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from lyftr_core import Message
from examples.json_lines.repository import JsonLinesRepository

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

async def add(repository, caller):
    for number in range(10**9):
        message = Message(message_id=f"{sys.argv[2]}-{caller}-{number}", sender="+919876543210",
                          recipient="+14155550100", ts=NOW, text="x" * 1000)
        await repository.add(message, received_at=NOW)
        print(message.message_id, flush=True)

async def main():
    async with JsonLinesRepository.open(Path(sys.argv[1])) as repository:
        await asyncio.gather(*(add(repository, caller) for caller in range(8)))

asyncio.run(main())
"""


def sample(message_id: str, text: str = "Hello") -> Message:
    return Message(
        message_id=message_id, sender="+919876543210", recipient="+14155550100", ts=NOW, text=text
    )


async def add(repository: JsonLinesRepository, *sent: Message) -> list[AddOutcome]:
    return [await repository.add(message, received_at=NOW) for message in sent]


async def kept(repository: JsonLinesRepository) -> list[str]:
    selection = Selection(filter=MessageFilter(), limit=100_000)
    found = await repository.reader.select(selection)
    return [stored.message.message_id for stored in found.messages]


async def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    """The child runs freely: where in a write the kill hits is another place each time."""
    file = tmp_path / "inbox.jsonl"
    promised: set[str] = set()
    for round_, promises in enumerate([1, 10, 40, 100]):
        promised |= add_until_killed(file, round_, promises)
    async with JsonLinesRepository.open(file) as repository:
        stored = await kept(repository)
        assert promised <= set(stored)
        assert len(stored) == len(set(stored))


def add_until_killed(file: Path, round_: int, promises: int) -> set[str]:
    """Kill a child that adds, once it has printed so many identifiers; return all it printed."""
    with subprocess.Popen(
        [sys.executable, "-c", _ADD_FOR_EVER, str(file), str(round_)],
        stdout=subprocess.PIPE,
        text=True,
        env=with_root(environment()),
    ) as child:
        assert child.stdout is not None
        printed = [child.stdout.readline() for _ in range(promises)]
        child.kill()
        printed += child.stdout.read().splitlines(keepends=True)
    assert len(printed) >= promises
    # A line without its end was cut off by the kill.
    return {line.strip() for line in printed if line.endswith("\n")} - {""}


@given(st.lists(messages(), unique_by=lambda message: message.message_id, max_size=4))
async def test_everything_is_there_when_the_file_is_opened_again(sent: list[Message]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "inbox.jsonl")
        others = [sample(message.message_id, text="another") for message in sent]
        async with JsonLinesRepository.open(file) as repository:
            await add(repository, *sent, *others)
            before = [await repository.reader.get(message.message_id) for message in sent]
            conflicts = await repository.reader.conflicts(100)
        async with JsonLinesRepository.open(file) as repository:
            assert [await repository.reader.get(m.message_id) for m in sent] == before
            assert await repository.reader.conflicts(100) == conflicts
            assert await add(repository, *sent) == [AddOutcome.DUPLICATE] * len(sent)


@settings(max_examples=50)
@given(cut=st.integers(1, 150), zeros=st.integers(0, 3))
async def test_torn_last_line_is_left_out_and_written_over(cut: int, zeros: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "inbox.jsonl")
        async with JsonLinesRepository.open(file) as repository:
            await add(repository, sample("a"), sample("b"))
        first, last, _ = file.read_bytes().split(b"\n")
        torn = last[: -min(cut, len(last))]
        file.write_bytes(first + b"\n" + torn + b"\0" * zeros)
        async with JsonLinesRepository.open(file) as repository:
            assert await kept(repository) == ["a"]
            assert await add(repository, sample("b"), sample("c")) == [AddOutcome.CREATED] * 2
        async with JsonLinesRepository.open(file) as repository:
            assert await kept(repository) == ["a", "b", "c"]


@pytest.mark.parametrize("end", [b"", b"\0\0", b"\n"])
async def test_last_line_whose_middle_is_missing_is_left_out(tmp_path: Path, end: bytes) -> None:
    file = tmp_path / "inbox.jsonl"
    async with JsonLinesRepository.open(file) as repository:
        await add(repository, sample("a"))
    file.write_bytes(file.read_bytes() + b'{"message": \0\0\0\0}' + end)
    async with JsonLinesRepository.open(file) as repository:
        assert await kept(repository) == ["a"]


@pytest.mark.parametrize("rest", [b"", b"{"])
async def test_damage_before_the_last_line_is_an_error(tmp_path: Path, rest: bytes) -> None:
    """Such a line was acknowledged: to go on without it would be to lose it in silence."""
    file = tmp_path / "inbox.jsonl"
    async with JsonLinesRepository.open(file) as repository:
        await add(repository, sample("a"), sample("b"), sample("c"))
    a, _, c, _ = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join([a, b"{", c, rest]))
    with pytest.raises(ValueError, match="line 2 is damaged"):
        async with JsonLinesRepository.open(file):
            pass


async def test_file_is_open_once(tmp_path: Path) -> None:
    async with JsonLinesRepository.open(tmp_path / "a"):
        with pytest.raises(BlockingIOError):
            async with JsonLinesRepository.open(tmp_path / "a"):
                pass
    async with JsonLinesRepository.open(tmp_path / "a"):
        pass


class FailingFile(io.FileIO):
    """Writes only so many bytes of each line, until it is told to write all."""

    writes: int | None = None

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - the type of a buffer has no name before 3.12
        return super().write(memoryview(data)[: self.writes])


@pytest.mark.parametrize("writes", [0, 1, 100])
async def test_line_that_was_not_written_whole_leaves_nothing(tmp_path: Path, writes: int) -> None:
    with FailingFile(tmp_path / "inbox.jsonl", "a+") as file:
        repository = JsonLinesRepository(file)
        await add(repository, sample("a"))
        file.writes = writes
        with pytest.raises(StorageUnavailable):
            await add(repository, sample("b", text="x" * 500))
        assert await kept(repository) == ["a"]
        file.writes = None
        assert await add(repository, sample("b"), sample("c")) == [AddOutcome.CREATED] * 2
    async with JsonLinesRepository.open(tmp_path / "inbox.jsonl") as repository:
        assert await kept(repository) == ["a", "b", "c"]


async def test_cancelled_callers_leave_whole_lines_when_it_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "inbox.jsonl"
    async with JsonLinesRepository.open(file) as repository:
        tasks = [asyncio.create_task(add(repository, sample(f"m{n}"))) for n in range(20)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        _cancel(tasks)
    await asyncio.gather(*tasks, return_exceptions=True)
    async with JsonLinesRepository.open(file) as again:
        assert await kept(again) == sorted(f"m{n}" for n in range(20))


def _cancel(tasks: Iterable[asyncio.Task[list[AddOutcome]]]) -> None:
    for task in tasks:
        task.cancel()
