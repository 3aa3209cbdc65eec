"""uvicorn's HTTP protocol: stricter where it would lose a body or wait for ever, errors in JSON.

What is refused here never reaches the application; it is logged and counted all the same.
"""

import asyncio
from typing import Final, cast

import httptools
from litestar.types import HTTPScope
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

from lyftr_http.exchange.answer import (
    INVALID_REQUEST,
    SHUTTING_DOWN,
    UPGRADE_REFUSED,
    Answer,
)
from lyftr_http.exchange.errors import BodyCutOff, answer_to
from lyftr_http.exchange.record import RequestRecord
from lyftr_http.exchange.scope_state import (
    ConnectionPolicy,
    is_endless,
    mark_as_cut_off,
    mark_as_slow,
)
from lyftr_http.observability.request_ids import RequestIds
from lyftr_http.server import framing
from lyftr_http.server.framing import Enough, Refused, TooLarge, answer_lines
from lyftr_http.server.timers import RequestTimer, WriteTimer
from lyftr_http.server.transport import AnswerTransport, PipelineBackpressure

__all__ = ["MAX_HEAD_SIZE", "StrictHttpProtocol"]

MAX_HEAD_SIZE = 16 * 1024
"""The largest head of a request (its first line and its headers) that is taken, in bytes."""
MAX_FIELDS = 100
"""How many headers a request may have: short ones take many times their size in memory."""
MAX_PIPELINED = 32
"""How many requests of a connection may wait for the one before them."""
_MAX_FRAMING = 1024 * 1024
"""How much may come with a body that is not of it (the sizes of chunks, trailers), in bytes."""
LINGER = 0.25
"""How long a shutdown waits for a request on a connection that has none, in seconds: one may be on
its way, and to close the connection would leave its sender without an answer."""

_UNKNOWN: Final = "-"
_ids = RequestIds()


class StrictHttpProtocol(HttpToolsProtocol):
    """One connection.

    It refuses requests that ask for another protocol, such as `Upgrade: h2c`: the parser takes what
    follows their head for the other protocol, so their body would be lost, or read as the next
    request. And it cuts off who sends too much, too slowly, or takes no answer.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request; answers leave as `AnswerTransport` says."""
        stream = cast("asyncio.Transport", transport)  # of a TCP connection it is always one
        super().connection_made(stream)
        self._policy = ConnectionPolicy.find(self.app_state)
        timeout = self._policy.request_timeout
        self.flow = PipelineBackpressure(stream, self._has_waiting)
        self._arrival = RequestTimer(self.loop, timeout, self._cut_off)
        self._writes = WriteTimer(self.loop, timeout, self._note_slow)
        self._answers = AnswerTransport(stream, self._writes.begin)
        self.transport = cast("asyncio.Transport", self._answers)
        self._in_head = self._in_body = self._long_head = False
        self._draining = self._is_deaf = False
        self._begun = 0
        self._head_size = self._framing_size = 0
        self._arrival.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting; the system may have found that the client takes nothing."""
        if isinstance(exc, TimeoutError):
            self._note_slow()
        self._arrival.cancel()
        self._writes.cancel()
        self._answers.drop()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override] # asyncio asks for it, uvicorn gives none
        """Answer what came before the client said that nothing more would come."""
        if self._in_head or self._in_body or self._is_idle() or self._is_endless():
            return False
        self._ignore_rest()
        return True

    def data_received(self, data: bytes) -> None:
        """Take in what came, up to the limits."""
        if self._is_deaf:
            return
        self._unset_keepalive_if_required()
        was_between = not (self._in_head or self._in_body)
        self._long_head = self._in_head or len(data) > MAX_HEAD_SIZE
        self._begun = 0
        try:
            self.parser.feed_data(data)
            self._count_unfinished(len(data), was_between=was_between)
        except httptools.HttpParserUpgrade:
            self._refuse(UPGRADE_REFUSED)
        except TooLarge as exc:
            self._refuse(exc.answer)
        except httptools.HttpParserError as exc:
            self._refuse_because_of(exc)

    def _count_unfinished(self, size: int, *, was_between: bool) -> None:
        """Count what came of a request that is not whole, or wait for one if none has begun."""
        if self._in_head:
            if self._begun == was_between:  # all of it is of this one head
                self._count_head(size)
            self._check_fields()
        elif self._in_body:
            self._count_framing(size)
        elif self._is_idle() and not self._arrival.is_waiting:
            self._arrival.begin()  # there were only newlines, which may stand before a request

    def _refuse_because_of(self, error: httptools.HttpParserError) -> None:
        cause = error.__context__
        if isinstance(cause, Enough):
            self._ignore_rest()
        elif isinstance(cause, Refused):
            self._refuse(cause.answer)
        else:
            self._refuse(framing.PARSER_REFUSALS.get(str(error), INVALID_REQUEST))

    def on_message_begin(self) -> None:
        """Give it its time to arrive."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise Enough
        super().on_message_begin()
        self._begun += 1
        self._in_head = True
        self._head_size = self._framing_size = 0
        self._arrival.begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header without the white space around its value (RFC 9110, section 5.5).

        uvicorn keeps what follows the value.
        """
        name, value = name.lower(), value.rstrip(b" \t")
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start to answer, unless the head is refused or `HttpParserUpgrade` comes next."""
        if self._long_head or len(self.headers) > MAX_FIELDS:
            self._check_fields()
        version = self.parser.get_http_version()
        if refusal := framing.refusal_of_head(version, self.headers):
            raise Refused(refusal)
        if self.parser.should_upgrade():
            return
        if not self.url.startswith(b"/"):
            self.url = framing.in_origin_form(self.url, self.headers)
        self._in_head = False
        self._in_body = True
        is_old = version == "1.0"
        if is_old:
            self.expect_100_continue = False  # RFC 9110, section 10.1.1
        super().on_headers_complete()
        if is_old:
            self.cycle.__class__ = framing.HttpOneDotZeroCycle
        self.headers = []  # what follows a body, as trailers do, is no header (RFC 9110, 6.5.1)
        if self._draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Let the application have a piece of the body."""
        self._framing_size -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Let the application have the end of the body."""
        if not self.parser.should_upgrade():
            self._in_body = False
            self._arrival.end()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Send the head of an answer that had no body."""
        self._answers.flush()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait until the client has taken some of what was sent, but not for ever."""
        super().pause_writing()
        self._writes.begin(self.transport)

    def resume_writing(self) -> None:
        """Go on; what is left at the end of a connection is still waited for."""
        super().resume_writing()
        self._writes.cancel()
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._writes.begin(self.transport)

    def shutdown(self) -> None:
        """Answer what is here or on its way, then close; a second call does nothing."""
        if self._draining:
            return
        self._draining = True
        if not self._is_idle():
            self.cycle.keep_alive = False
        self.loop.call_later(LINGER, self._close_if_idle)
        patience = self.config.timeout_graceful_shutdown
        if patience is not None:
            self.loop.call_later(max(patience - LINGER, LINGER), self._give_up)

    def _is_idle(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none before the first request
        return cycle is None or cycle.response_complete

    def _close_if_idle(self) -> None:
        if self._is_idle() and not self._in_head:
            self.transport.close()
        elif self._is_endless():
            self.transport.abort()  # it was told to end, but its client takes nothing

    def _is_endless(self) -> bool:
        return not self._is_idle() and is_endless(cast("HTTPScope", self.cycle.scope))

    def _note_slow(self) -> None:
        if not self._is_idle():
            mark_as_slow(cast("HTTPScope", self.cycle.scope))

    def _give_up(self) -> None:
        """Tell the sender of half a head that no more of it is waited for."""
        if self._in_head and not self.transport.is_closing():
            self._refuse(SHUTTING_DOWN)

    def _has_waiting(self) -> bool:
        return bool(self.pipeline)

    def _ignore_rest(self) -> None:
        """Answer what has come, and take nothing more from this connection."""
        self._is_deaf = True
        self._in_head = False
        self._arrival.cancel()
        self.cycle.keep_alive = False

    def _check_fields(self) -> None:
        """See that the fields of a head, as far as they have come, are neither many nor long."""
        sizes = [len(name) + len(value) + len(": \r\n") for name, value in self.headers]
        if len(sizes) > MAX_FIELDS or len(self.url) + sum(sizes) > MAX_HEAD_SIZE:
            raise TooLarge

    def _count_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD_SIZE:
            raise TooLarge

    def _count_framing(self, size: int) -> None:
        self.headers.clear()
        self._framing_size += size
        if self._framing_size > _MAX_FRAMING:
            raise TooLarge

    def _cut_off(self) -> None:
        """End the wait for a request that is late; one behind another has the time of both."""
        if self.pipeline or (self._in_head and not self._is_idle()):
            self._arrival.begin()
        elif self._in_head:
            self._refuse(answer_to(BodyCutOff()))
        elif self._in_body and not self.cycle.response_started:
            self._end_body()
        else:
            self.transport.close()

    def _end_body(self) -> None:
        """Let the application answer: it finds the body cut off."""
        mark_as_cut_off(cast("HTTPScope", self.scope))
        self.cycle.keep_alive = False
        self.cycle.more_body = False
        self.cycle.message_event.set()

    def _refuse(self, answer: Answer) -> None:
        """Answer by itself, and close the connection; first what came before is answered."""
        if self.transport.is_closing():
            return
        if not (self._in_body or self._is_idle()):
            self._ignore_rest()
            return
        self._in_head = False
        self._arrival.cancel()
        record = RequestRecord(_ids.of(()), _UNKNOWN, _UNKNOWN)
        record.status = answer.status
        self._policy.note(record)
        own = [(b"connection", b"close"), (b"x-request-id", record.request_id.encode())]
        date = self.server_state.default_headers
        self.transport.write(b"".join(answer_lines(answer, [*date, *own])))
        self.transport.close()
