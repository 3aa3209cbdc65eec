"""Several processes on one listening socket: started, replaced where one dies, ended together."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing import connection
from multiprocessing.process import BaseProcess

from lyftr_http.server.exit_deadline import ExitDeadline

__all__ = ["SIGNALS", "Work", "Workers"]

Work = Callable[[Callable[[], None]], None]
"""What a worker does until it ends. It calls its argument when it is ready to answer. To be sent to
another process, it must be one that pickle can take."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""What ends a server."""
_PAUSE = 1.0
"""After a worker that never became ready, before the next, in seconds."""


class Workers:
    """Keeps so many workers running until SIGTERM or SIGINT comes.

    Args:
        work: What each does.
        count: How many.
        on_death: Told the process id of a worker that ended by itself, and whether it had become
            ready.
        on_end: Called before the workers are told to end.
        patience: How long they may take to end, in seconds; who takes longer is killed.
    """

    def __init__(
        self,
        work: Work,
        count: int,
        on_death: Callable[[int, bool], None],
        on_end: Callable[[], None],
        patience: float,
    ) -> None:
        self._work = work
        self._count = count
        self._on_death = on_death
        self._on_end = on_end
        self._patience = patience
        self._workers: list[_Worker] = []
        self._ending = False
        self._was_ready = False
        self._waker, self._wake = os.pipe()
        self._deadline = ExitDeadline(patience)

    def run(self) -> int:
        """Run them until a signal comes; signals that come later are ignored for good.

        Whoever has something to clean up may block the signals before: from here on they are noted.

        Returns:
            The exit status: 0 where all have ended as they should, else that of a worker which
            failed before any was ready, or 1.
        """
        for number in SIGNALS:
            signal.signal(number, self._note)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        while not self._ending:
            self._fill_up()
            self._wait()
            for worker in [worker for worker in self._workers if not worker.is_alive()]:
                status = self._bury(worker)
                if status and not (self._was_ready or self._ending):
                    self._end()
                    return max(status, 1)  # it is negative for one that was killed
        return self._end()

    def _note(self, *_: object) -> None:
        if not self._ending:
            self._ending = True
            self._deadline.begin()
            os.write(self._wake, b".")

    def _fill_up(self) -> None:
        """Start as many as are missing.

        A worker inherits what is ignored: a Ctrl-C of a terminal, which reaches it too, must not
        end it in the middle of its imports. (What is blocked, multiprocessing unblocks.)
        """
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        while len(self._workers) < self._count and not self._ending:
            self._workers.append(_Worker(self._work))
        signal.signal(signal.SIGINT, handler)

    def _wait(self) -> None:
        """Wait until a worker is ready or gone, or a signal has come."""
        waited = [source for worker in self._workers for source in worker.sources()]
        connection.wait([self._waker, *waited])
        for worker in self._workers:
            self._was_ready |= worker.look()

    def _bury(self, worker: "_Worker") -> int:
        """Take leave of a worker that has ended by itself, and return its exit status."""
        self._workers.remove(worker)
        self._on_death(worker.pid, worker.ready)
        if not worker.ready:
            connection.wait([self._waker], _PAUSE)
        return worker.status

    def _end(self) -> int:
        self._on_end()
        for worker in self._workers:
            worker.terminate()
        deadline = time.monotonic() + self._patience
        for worker in self._workers:
            worker.join(max(deadline - time.monotonic(), 0))
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
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
