"""What ends the reading of a connection, and the answers that never reach the application."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from lyftr_http.exchange.answer import HEAD_TOO_LARGE, Answer
from lyftr_http.exchange.headers import with_security_headers

__all__ = ["Enough", "Refused", "TooLarge", "answer_lines"]


class Enough(Exception):
    """No further request of the connection is taken."""


class Refused(Exception):
    """The request is not taken, and gets an answer by itself."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class TooLarge(Refused):
    """The head is larger than `MAX_HEAD_SIZE`, or what comes with the body than `_MAX_FRAMING`."""

    def __init__(self) -> None:
        super().__init__(HEAD_TOO_LARGE)


def answer_lines(answer: Answer, own: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Return the lines of a whole answer (RFC 9112, section 2.1)."""
    headers = with_security_headers([*answer.head, *own])
    lines = [b"%b: %b\r\n" % header for header in headers]
    return [STATUS_LINE[answer.status], *lines, b"\r\n", answer.body]
