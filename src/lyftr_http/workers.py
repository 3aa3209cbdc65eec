"""Several processes on one listening socket: started, replaced where one dies, ended together."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.process import BaseProcess

import structlog

__all__ = ["Work", "Workers"]

Work = Callable[[Callable[[], None]], None]
"""What a worker does until it ends. It calls its argument when it is ready to answer. To be sent to
another process, it must be one that pickle can take."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PAUSE = 1.0
"""After a worker that never became ready, before the next, in seconds."""


class Workers:
    """Keeps so many workers running until SIGTERM or SIGINT comes.

    Args:
        work: What each does.
        count: How many.
        log: Told of what goes wrong.
        on_death: Told the process id of a worker that is gone, and whether it had become ready.
        on_end: Called before the workers are told to end.
    """

    def __init__(
        self,
        work: Work,
        count: int,
        log: structlog.typing.FilteringBoundLogger,
        on_death: Callable[[int, bool], None],
        on_end: Callable[[], None],
    ) -> None:
        self._work = work
        self._count = count
        self._log = log
        self._on_death = on_death
        self._on_end = on_end
        self._workers: list[_Worker] = []
        self._ending = False
        self._was_ready = False
        self._waker, self._wake = os.pipe()

    def run(self, patience: float) -> int:
        """Run them.

        Args:
            patience: How long they may take to end, in seconds; who takes longer is killed.

        Returns:
            The exit status: 0 where all have ended as they should, else that of a worker which
            failed before any was ready, or 1.
        """
        with self._signals_noted():
            while not self._ending:
                while len(self._workers) < self._count:
                    self._workers.append(_Worker(self._work))
                self._wait()
                for worker in [worker for worker in self._workers if not worker.is_alive()]:
                    status = self._bury(worker)
                    if status and not self._was_ready:
                        self._end(patience)
                        return max(status, 1)  # it is negative for one that was killed
            return self._end(patience)

    @contextmanager
    def _signals_noted(self) -> Iterator[None]:
        former = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _note(self, *_: object) -> None:
        self._ending = True
        os.write(self._wake, b".")

    def _wait(self, seconds: float | None = None) -> None:
        """Wait until a worker is ready or gone, or a signal has come."""
        waited = [source for worker in self._workers for source in worker.sources()]
        connection.wait([self._waker, *waited], seconds)
        for worker in self._workers:
            self._was_ready |= worker.look()

    def _bury(self, worker: "_Worker") -> int:
        """Take leave of a worker that has ended by itself, and return its exit status."""
        self._workers.remove(worker)
        self._on_death(worker.pid, worker.ready)
        if self._was_ready and not self._ending:
            self._log.error("a worker died, another takes its place", pid=worker.pid)
        if not worker.ready:
            connection.wait([self._waker], _PAUSE)
        return worker.status

    def _end(self, patience: float) -> int:
        self._on_end()
        for worker in self._workers:
            worker.terminate()
        deadline = time.monotonic() + patience
        for worker in self._workers:
            worker.join(max(deadline - time.monotonic(), 0))
        return int(not all(worker.has_ended_well() for worker in self._workers))


class _Worker:
    """One process, and what it says of itself."""

    def __init__(self, work: Work) -> None:
        # Not forked: threads and event loops do not survive that.
        context = multiprocessing.get_context("spawn")
        self._said, said = context.Pipe(duplex=False)
        self._process: BaseProcess = context.Process(target=_run, args=(work, said))
        self._process.start()
        said.close()
        self.ready = False

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def status(self) -> int:
        return self._process.exitcode or 0

    def has_ended_well(self) -> bool:
        """Return whether it ended as it was told; one that was still starting need not finish."""
        return self.status == 0 or (not self.look() and self.status == -signal.SIGTERM)

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def sources(self) -> "list[int | connection.Connection[bytes, bytes]]":
        """Return what stirs when it is ready or gone."""
        return [self._process.sentinel] if self.ready else [self._process.sentinel, self._said]

    def look(self) -> bool:
        """Return whether it has become ready."""
        if not self.ready and self._said.poll():
            try:
                self.ready = bool(self._said.recv_bytes())
            except EOFError:
                self.ready = False  # it died before
        return self.ready

    def terminate(self) -> None:
        self._process.terminate()

    def join(self, seconds: float) -> None:
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _run(work: Work, said: "connection.Connection[bytes, bytes]") -> None:
    work(lambda: said.send_bytes(b"ready"))
