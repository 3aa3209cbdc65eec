"""Work that Ctrl-C does not cut in two."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["finishing"]


@contextmanager
def finishing() -> Iterator[None]:
    """Let what is done within come to its end, and only then raise `KeyboardInterrupt`."""
    interrupted = False

    def note(*_signal: object) -> None:
        nonlocal interrupted
        interrupted = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted:
        raise KeyboardInterrupt
