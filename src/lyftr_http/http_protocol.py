"""uvicorn's HTTP protocol: stricter where it would lose a body, its errors in JSON."""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lyftr_http.answer_transport import AnswerTransport
from lyftr_http.responses import Problem, encode

__all__ = ["StrictHttpProtocol"]


class StrictHttpProtocol(HttpToolsProtocol):
    """Refuses requests that ask for another protocol, such as `Upgrade: h2c`.

    The parser takes what follows the head of such a request for the other protocol, so its body
    would be lost, or read as the next request.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send each answer at once; see `AnswerTransport`."""
        stream = cast("asyncio.Transport", transport)  # of a TCP connection it is always one
        super().connection_made(stream)
        self._answers = AnswerTransport(stream)
        self.transport = cast("asyncio.Transport", self._answers)

    def on_response_complete(self) -> None:
        """Send the head of an answer that had no body."""
        self._answers.flush()
        super().on_response_complete()

    def on_headers_complete(self) -> None:
        """Leave such a request to `_unsupported_upgrade_warning`, which comes next."""
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Leave such a request to `_unsupported_upgrade_warning`, which comes next."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        self.send_400_response("upgrade to another protocol is not supported")

    def send_400_response(self, msg: str) -> None:
        """Answer and close the connection.

        Args:
            msg: What was wrong.
        """
        content = encode(Problem(msg))
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(content)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()
