"""Prometheus metrics: in a registry of their own, or in files that several processes share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from lyftr_core import SigningKey
from lyftr_http.exchange.errors import WebhookResult
from lyftr_http.observability.metrics_files import FilesOfAll, render_once

__all__ = ["Metrics", "StreamEnding"]

_LOCKS = ("copying", "turn")
"""Of the write-ahead log's copies, and of the steps of long work."""
_BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class StreamEnding(StrEnum):
    """Why a stream of messages came to its end."""

    CLIENT = "client"
    SLOW = "slow"
    SHUTDOWN = "shutdown"
    ERROR = "error"


class Metrics:
    """The metrics of one application.

    Args:
        directory: Where the processes of one server keep theirs, each of which then gives those of
            all. `PROMETHEUS_MULTIPROC_DIR` must have said the same when prometheus_client was
            imported.
    """

    def __init__(self, directory: str | None = None) -> None:
        self._registry = registry = CollectorRegistry()
        self._directory = directory
        self._of_all = CollectorRegistry()
        if directory is not None:
            self._of_all.register(FilesOfAll(directory))
        self._requests = Counter(
            "http_requests",
            "HTTP requests answered.",
            ["method", "path", "status"],
            registry=registry,
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Time from the request's head to the end of the answer, in seconds.",
            ["method", "path"],
            registry=registry,
        )
        self._webhooks = Counter(
            "webhook_requests", "Webhooks by what became of them.", ["result"], registry=registry
        )
        self._queue_depth = Gauge(
            "webhook_queue_depth",
            "Webhooks that wait for their commit.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._batch_sizes = Histogram(
            "webhook_commit_batch_size",
            "How many webhooks shared a commit.",
            buckets=_BATCH_SIZES,
            registry=registry,
        )
        self._commit_times = Histogram(
            "webhook_commit_duration_seconds",
            "Time that a commit of webhooks took, in seconds.",
            registry=registry,
        )
        self._removed = Counter(
            "messages_removed", "Messages removed by RETENTION_DAYS.", registry=registry
        )
        self._verified = Counter(
            "webhook_signatures_verified",
            "Signatures verified, by which secret.",
            ["key"],
            registry=registry,
        )
        self._streams = Gauge(
            "message_streams_open",
            "Streams of messages that are open.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._streamed = Counter(
            "message_streams_messages", "Messages sent on streams.", registry=registry
        )
        self._stream_endings = Counter(
            "message_streams_ended",
            "Streams of messages by what ended them.",
            ["reason"],
            registry=registry,
        )
        self._lock_waits = Gauge(
            "sqlite_lock_wait_seconds",
            "How long a lock of another process has been waited for, in seconds.",
            ["lock"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._log_size = Gauge(
            "sqlite_log_size_bytes",
            "Size of SQLite's write-ahead log, in bytes.",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        # To find the child of some labels costs more than to count, so each is looked up once.
        self._of_result = {result: self._webhooks.labels(result) for result in WebhookResult}
        self._of_key = {key: self._verified.labels(key) for key in SigningKey}
        self._of_ending = {end: self._stream_endings.labels(end) for end in StreamEnding}
        self._of_lock = {lock: self._lock_waits.labels(lock) for lock in _LOCKS}
        self._of_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count_request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one answered request.

        Args:
            method: The HTTP method.
            path: The template of the route, never the path itself, so that labels stay few.
            status: The status answered.
            seconds: How long it took.
        """
        labels = method, path, status
        children = self._of_request.get(labels)
        if children is None:
            children = self._requests.labels(*labels), self._durations.labels(method, path)
            self._of_request[labels] = children
        requests, durations = children
        requests.inc()
        durations.observe(seconds)

    def count_webhook(self, result: WebhookResult) -> None:
        """Count one webhook."""
        self._of_result[result].inc()

    def count_commit(self, size: int, seconds: float) -> None:
        """Count one commit.

        Args:
            size: How many webhooks shared it.
            seconds: How long it took.
        """
        self._batch_sizes.observe(size)
        self._commit_times.observe(seconds)

    def count_removed(self, messages: int) -> None:
        """Count messages that were removed."""
        self._removed.inc(messages)

    def set_queue_depth(self, waiting: int) -> None:
        """Say how many webhooks wait for their commit now."""
        self._queue_depth.set(waiting)

    def set_lock_wait(self, lock: str, seconds: float) -> None:
        """Say for how long this process has waited for a lock of another one.

        Args:
            lock: `copying` or `turn`.
            seconds: 0 where it does not wait.
        """
        self._of_lock[lock].set(seconds)

    def set_log_size(self, size: int) -> None:
        """Say how many bytes SQLite's write-ahead log has."""
        self._log_size.set(size)

    def count_verified(self, key: SigningKey) -> None:
        """Count one signature that was verified."""
        self._of_key[key].inc()

    @contextmanager
    def open_stream(self) -> Iterator[Callable[[StreamEnding], None]]:
        """Count one stream as open; what is given is told what ended it, an error else."""
        ending = StreamEnding.ERROR

        def note(seen: StreamEnding) -> None:
            nonlocal ending
            ending = seen

        self._streams.inc()
        try:
            yield note
        finally:
            self._streams.dec()
            self._of_ending[ending].inc()

    def count_streamed(self, messages: int) -> None:
        """Count messages that were sent on one stream."""
        self._streamed.inc(messages)

    def render(self) -> bytes:
        """Return all metrics, of all processes, in the Prometheus text format.

        With several processes it may wait for another one: call it in a thread.

        Raises:
            OSError: The files of the processes cannot be read.
        """
        if self._directory is None:
            return generate_latest(self._registry)
        return render_once(self._directory, partial(generate_latest, self._of_all))
