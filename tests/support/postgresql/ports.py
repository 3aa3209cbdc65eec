"""TCP ports for servers that are stopped and started again."""

import random
import socket

__all__ = ["free_port"]

_BELOW_EPHEMERAL = range(15_000, 32_000)
"""What no outgoing connection is given, so that a port stays free while its server is down."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    while True:
        port = random.choice(_BELOW_EPHEMERAL)  # noqa: S311 - it is no secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
