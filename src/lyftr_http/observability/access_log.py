"""The log line and the counts of each request, written after the answers of its turn have left.

A group commit answers many requests in one turn of the event loop. To log and count all of them in
one go, rather than each between its answer and the next, takes half the time: what runs many times
in a row is in the processor's caches. And nobody waits for it.
"""

import asyncio
from collections import deque
from http import HTTPStatus

import structlog

from lyftr_http.exchange.errors import WebhookResult
from lyftr_http.exchange.record import RequestRecord
from lyftr_http.observability.metrics import Metrics

__all__ = ["UNMATCHED", "AccessLog"]

UNMATCHED = "unmatched"
"""The path label of what no route matched."""

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
"""Those that a route has; all others share the label `other`."""
_AT_MOST = 1_000
"""So many records are written at once, whoever waits."""
_UNSUPPORTED = {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED}
"""What a client asked for that the server never does: no error of the server."""


class AccessLog:
    """Logs and counts finished requests. It is used in one event loop at a time.

    Args:
        log: Gets one line a request.
        metrics: Counts the requests.
    """

    def __init__(self, log: structlog.typing.FilteringBoundLogger, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics
        self._records: deque[RequestRecord] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, record: RequestRecord) -> None:
        """Take in a request that was answered, to be written in the next turn of the loop."""
        self._records.append(record)
        if len(self._records) >= _AT_MOST:
            self.flush()
        elif self._loop is None or not self._loop.is_running():
            self._flush_soon()

    def flush(self) -> None:
        """Write what was taken in."""
        self._loop = None
        try:
            while self._records:
                self._write(self._records.popleft())
        finally:
            if self._records:  # one could not be written; that is no reason to lose the others
                self._flush_soon()

    def _flush_soon(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self.flush)

    def _write(self, record: RequestRecord) -> None:
        result = record.webhook_result
        try:
            self._count(record, result)
        finally:  # what cannot be counted is logged all the same
            self._log_line(record, result)
            # Through its traceback the error holds the frames that hold the request's body.
            record.error = record.verified = None

    def _log_line(self, record: RequestRecord, result: WebhookResult | None) -> None:
        fields = record.fields(result)
        if record.status < HTTPStatus.INTERNAL_SERVER_ERROR or record.status in _UNSUPPORTED:
            write = self._log.warning if record.is_refused_proof else self._log.info
            write("request", **fields)
        elif record.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self._log.warning("request", **fields, error=str(record.error))
        else:
            self._log.error("request", **fields, exc_info=record.error)

    def _count(self, record: RequestRecord, result: WebhookResult | None) -> None:
        method = record.method if record.method in _METHODS else "other"
        template = record.template or UNMATCHED
        self._metrics.count_request(method, template, record.status, record.seconds)
        if result:
            self._metrics.count_webhook(result)
