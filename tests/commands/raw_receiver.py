"""A receiver on this machine that answers with any bytes at all, and then hangs up."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

__all__ = ["RawReceiver", "raw_receiver"]


class RawReceiver:
    """Answers each request with `answer` and `pieces`, whatever that is.

    Args:
        listening: Where requests come in.
    """

    def __init__(self, listening: socket.socket) -> None:
        self.answer = b""
        self.pieces: Sequence[bytes] = ()
        """Sent after the answer, one each `pause` seconds."""
        self.pause = 0.0
        self.requests = 0
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        self._listening = listening

    def serve(self) -> None:
        """Serve one connection after another until the socket is closed."""
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as request:
            size = 0
            while (line := request.readline()).strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    size = int(value)
            if not line:
                return
            request.read(size)
        self.requests += 1
        connection.sendall(self.answer)
        for piece in self.pieces:
            time.sleep(self.pause)
            connection.sendall(piece)


@contextmanager
def raw_receiver() -> Iterator[RawReceiver]:
    """Serve until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        receiver = RawReceiver(listening)
        thread = threading.Thread(target=receiver.serve)
        thread.start()
        try:
            yield receiver
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
