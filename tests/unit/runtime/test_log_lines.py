"""`LineWriter`: lines come out whole, in order and soon, and one that cannot does no harm."""

import asyncio
import gc
import io
import os
import threading

import pytest

from lyftr_runtime.logs.line_writer import LineWriter


class _Stream(io.BytesIO):
    """Remembers each write that was flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self._written = b""

    def write(self, piece: bytes) -> int:  # type: ignore[override] # only bytes are written
        self._written += piece
        return super().write(piece)

    def flush(self) -> None:
        self.pieces.append(self._written)
        self._written = b""


class _Broken(io.BytesIO):
    """A pipe whose reader has gone, until it is mended."""

    broken = True

    def write(self, piece: bytes) -> int:  # type: ignore[override] # only bytes are written
        if self.broken:
            raise BrokenPipeError
        return super().write(piece)


def _write_in_the_last_turn(writer: LineWriter, line: bytes) -> None:
    """In the last turn of a loop, after which nothing that it was asked for is done."""
    loop = asyncio.new_event_loop()

    def write() -> None:
        writer.info(line)
        loop.stop()

    loop.call_soon(write)
    loop.run_forever()
    loop.close()


@pytest.fixture
def stream() -> _Stream:
    return _Stream()


class _Finaliser(_Stream):
    """Where the first flush has something logged, as the collector may at any moment."""

    writer: LineWriter | None = None

    def flush(self) -> None:
        super().flush()
        writer, self.writer = self.writer, None
        if writer:
            writer.info(b"inner")


@pytest.mark.parametrize("in_a_loop", [True, False])
def test_a_line_that_comes_while_lines_are_written_is_written_once(*, in_a_loop: bool) -> None:
    stream = _Finaliser()
    writer = LineWriter(stream)
    stream.writer = writer

    async def log() -> None:
        writer.info(b"outer")
        await asyncio.sleep(0.001)

    if in_a_loop:
        asyncio.run(log())
    else:
        writer.info(b"outer")
    assert stream.getvalue() == b"outer\ninner\n"


def test_without_a_loop_each_line_is_written_at_once(stream: _Stream) -> None:
    writer = LineWriter(stream)
    writer.info(b"a")
    assert stream.pieces == [b"a\n"]
    writer.error(b"b")
    assert stream.pieces == [b"a\n", b"b\n"]


async def test_lines_of_one_turn_are_written_together_in_the_next(stream: _Stream) -> None:
    writer = LineWriter(stream)
    for line in (b"a", b"b", b"c"):
        writer.info(line)
    assert stream.pieces == []
    await asyncio.sleep(0)
    assert stream.pieces == [b"a\nb\nc\n"]
    writer.info(b"d")
    await asyncio.sleep(0)
    assert stream.pieces[1:] == [b"d\n"]


async def test_what_is_written_at_once_has_whole_lines_and_fits_a_pipe(stream: _Stream) -> None:
    writer = LineWriter(stream)
    lines = [bytes([65 + number % 26]) * (number * 37 % 900) for number in range(200)]
    lines[50] = b"x" * 10_000
    for line in lines:
        writer.info(line)
    await asyncio.sleep(0)
    assert b"".join(stream.pieces) == b"".join(line + b"\n" for line in lines)
    assert all(piece.endswith(b"\n") for piece in stream.pieces)
    assert [len(piece) for piece in stream.pieces if len(piece) > 4096] == [10_001]
    assert len(stream.pieces) < 40


async def test_a_line_of_another_thread_keeps_the_order(stream: _Stream) -> None:
    writer = LineWriter(stream)
    writer.info(b"first")
    thread = threading.Thread(target=writer.warning, args=(b"second",))
    thread.start()
    thread.join()
    writer.info(b"third")
    await asyncio.sleep(0)
    assert stream.getvalue() == b"first\nsecond\nthird\n"


async def test_lines_of_many_threads_are_all_there(stream: _Stream) -> None:
    writer = LineWriter(stream)

    def write(name: str) -> None:
        for number in range(500):
            writer.info(f"{name} {number}".encode())

    threads = [asyncio.to_thread(write, name) for name in "abc"]
    await asyncio.gather(*threads, asyncio.to_thread(write, "d"))
    write("e")
    await asyncio.sleep(0)
    written = stream.getvalue().decode().splitlines()
    for name in "abcde":
        own = [line for line in written if line.startswith(name)]
        assert own == [f"{name} {number}" for number in range(500)]


def test_a_loop_that_ends_at_once_loses_nothing(stream: _Stream) -> None:
    writer = LineWriter(stream)

    async def log() -> None:
        writer.info(b"a")

    asyncio.run(log())
    writer.info(b"b")
    asyncio.run(log())
    assert stream.getvalue() == b"a\nb\na\n"


def test_a_loop_that_never_turns_again_loses_nothing(stream: _Stream) -> None:
    writer = LineWriter(stream)
    _write_in_the_last_turn(writer, b"a")
    assert stream.getvalue() == b""
    writer.info(b"b")
    assert stream.getvalue() == b"a\nb\n"


def test_what_is_left_at_the_end_is_written(stream: _Stream) -> None:
    writer = LineWriter(stream)
    _write_in_the_last_turn(writer, b"a")
    del writer
    gc.collect()
    assert stream.getvalue() == b"a\n"


async def test_a_stream_that_breaks_loses_its_lines_and_no_more() -> None:
    stream = _Broken()
    writer = LineWriter(stream)
    writer.info(b"lost")
    await asyncio.sleep(0)
    stream.broken = False
    writer.info(b"kept")
    await asyncio.sleep(0)
    assert stream.getvalue() == b"kept\n"


@pytest.mark.parametrize("closed_here", [True, False])
def test_a_closed_stream_stops_nobody(*, closed_here: bool) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "wb", buffering=0)
    if closed_here:
        stream.close()
    LineWriter(stream).info(b"lost")
    stream.close()
