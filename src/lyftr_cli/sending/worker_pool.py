"""Sends many messages at once: one reads, some deliver, and all stop together."""

import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

import msgspec

from lyftr_cli.sending.delivery import Delivery, DeliveryOutcome
from lyftr_cli.sending.messages import Outgoing

__all__ = ["RunTotals", "WorkerPool"]

Deliver = Callable[[Outgoing], Delivery]


class RunTotals(msgspec.Struct, kw_only=True):
    """What became of the messages of a run.

    Attributes:
        taken: How many the receiver has.
        retried: How many tries were made after the first ones.
        refused: How many it does not have, for a reason that was told.
        unsettled: The lines that another run may well deliver.
        last: The last line that was read.
        is_stopped: Whether it stopped before the end.
        is_interrupted: Whether somebody pressed Ctrl-C.
        error: What went wrong here, and not at the receiver; it stopped the run.
    """

    taken: int = 0
    retried: int = 0
    refused: int = 0
    unsettled: list[int] = []
    last: int = 0
    is_stopped: bool = False
    is_interrupted: bool = False
    error: Exception | None = None

    @property
    def resume_at(self) -> int | None:
        """The first line that another run may deliver, or `None` where it came to the end."""
        return min([*self.unsettled, self.last + 1]) if self.is_stopped else None


class WorkerPool:
    """A number of threads that deliver.

    Args:
        deliver: Entered once by each thread: delivers one message.
        size: How many threads.
        stop: Set as soon as nothing more is to be sent.
        note: Told of each delivery, one at a time.
    """

    def __init__(
        self,
        deliver: Callable[[], AbstractContextManager[Deliver]],
        *,
        size: int,
        stop: threading.Event,
        note: Callable[[Delivery], None],
    ) -> None:
        self._deliver = deliver
        self._size = size
        self._stop = stop
        self._note = note
        # Both are one step of C each: Ctrl-C in the midst of a `Queue.put` may leave its lock held.
        self._waiting: queue.SimpleQueue[Outgoing | None] = queue.SimpleQueue()
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(2 * size):
            self._room.put(None)
        self._lock = threading.Lock()
        self._totals = RunTotals()

    def send(self, messages: Iterable[Outgoing]) -> RunTotals:
        """Deliver all messages, in order where there is one thread.

        It ends early where a delivery is hopeless, after an error, and on Ctrl-C; what is on its
        way then is finished, but not tried again.
        """
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._size)]
        for thread in threads:
            thread.start()
        try:
            self._hand_out(messages)
        except KeyboardInterrupt:
            self._totals.is_interrupted = True
            self._stop.set()
        finally:
            for _ in threads:
                self._waiting.put(None)
            for thread in threads:
                thread.join()
        self._totals.is_stopped = self._stop.is_set()
        return self._totals

    def _hand_out(self, messages: Iterable[Outgoing]) -> None:
        for message in messages:
            if self._stop.is_set():
                return
            self._room.get()
            self._waiting.put(message)
            self._totals.last = message.number

    def _work(self) -> None:
        with self._deliver() as deliver:
            while (message := self._waiting.get()) is not None:
                self._room.put(None)
                delivery = self._delivered(message, deliver)
                try:
                    self._count(delivery)
                except Exception as exc:  # noqa: BLE001 - as below
                    self._fail(exc)

    def _delivered(self, message: Outgoing, deliver: Deliver) -> Delivery:
        if self._stop.is_set():
            return Delivery(message, DeliveryOutcome.NOT_SENT)
        try:
            return deliver(message)
        except Exception as exc:  # noqa: BLE001 - raised by whoever reads the totals
            self._fail(exc)
            return Delivery(message, DeliveryOutcome.NOT_SENT)

    def _fail(self, error: Exception) -> None:
        self._totals.error = self._totals.error or error
        self._stop.set()

    def _count(self, delivery: Delivery) -> None:
        with self._lock:
            self._totals.retried += delivery.retries
            self._totals.taken += delivery.outcome is DeliveryOutcome.TAKEN
            self._totals.refused += delivery.outcome in {
                DeliveryOutcome.REFUSED,
                DeliveryOutcome.HOPELESS,
            }
            if delivery.outcome in {DeliveryOutcome.HOPELESS, DeliveryOutcome.NOT_SENT}:
                self._totals.unsettled.append(delivery.message.number)
                self._stop.set()
            self._note(delivery)
