"""What leaves in one call of the system, and that nothing stays behind."""

import asyncio
from typing import cast

import pytest

from lyftr_http.server.transport import AnswerTransport

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Sink(asyncio.Transport):
    """Keeps what is sent, one entry for each call."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4711)})
        self.sent: list[bytes] = []
        self.closed = False
        self.unsent = 0
        self.reported = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return self.unsent


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def transport(sink: Sink) -> AnswerTransport:
    def report(_transport: asyncio.Transport) -> None:
        sink.reported += 1

    return AnswerTransport(sink, report)


def test_head_and_body_are_sent_in_one_call(transport: AnswerTransport, sink: Sink) -> None:
    transport.write(HEAD)
    assert sink.sent == []
    transport.write(b"{}")
    assert sink.sent == [HEAD + b"{}"]


def test_each_answer_of_a_connection_is_sent_in_one_call(
    transport: AnswerTransport, sink: Sink
) -> None:
    for _ in range(3):
        transport.write(HEAD)
        transport.write(b"{}")
    assert sink.sent == [HEAD + b"{}"] * 3


def test_further_pieces_of_a_body_are_sent_as_they_come(
    transport: AnswerTransport, sink: Sink
) -> None:
    for piece in (HEAD, b"a", b"b"):
        transport.write(piece)
    assert sink.sent == [HEAD + b"a", b"b"]


def test_an_interim_answer_does_not_wait(transport: AnswerTransport, sink: Sink) -> None:
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert sink.sent == [b"HTTP/1.1 100 Continue\r\n\r\n"]


def test_a_head_without_a_body_is_sent_when_it_is_flushed_once(
    transport: AnswerTransport, sink: Sink
) -> None:
    transport.write(HEAD)
    transport.flush()
    transport.flush()
    assert sink.sent == [HEAD]


def test_what_waits_is_sent_before_the_connection_closes(
    transport: AnswerTransport, sink: Sink
) -> None:
    transport.write(HEAD)
    transport.close()
    assert (sink.sent, sink.closed) == ([HEAD], True)


@pytest.mark.parametrize(("unsent", "reported"), [(0, 0), (1, 1)])
def test_what_a_closed_connection_has_still_to_send_is_reported(
    transport: AnswerTransport, sink: Sink, unsent: int, reported: int
) -> None:
    sink.unsent = unsent
    transport.close()
    assert sink.reported == reported


def test_a_piece_of_a_body_that_looks_like_a_head_is_not_lost(
    transport: AnswerTransport, sink: Sink
) -> None:
    for piece in (HEAD, b"a", HEAD, b"b"):
        transport.write(piece)
    transport.flush()
    assert b"".join(sink.sent) == HEAD + b"a" + HEAD + b"b"


def test_all_else_is_that_of_the_transport(transport: AnswerTransport) -> None:
    whole = cast("asyncio.Transport", transport)
    assert whole.get_extra_info("peername") == ("127.0.0.1", 4711)
