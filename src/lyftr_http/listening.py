"""The listening socket, opened before anything else starts."""

import errno
import os
import socket
import time

__all__ = ["CannotListen", "bind"]

BACKLOG = 2048
"""How many connections the system holds until they are accepted."""
_TAKEN = 5.0
"""How long an address that is taken is waited for, in seconds: the workers of a server that was
killed let go of it as soon as they see that."""
_RETRY = 0.05
"""How often it is tried again, in seconds."""


class CannotListen(OSError):
    """The address cannot be listened on."""


def bind(host: str, port: int) -> socket.socket:
    """Open the listening socket, so that a taken port shows before anything else starts.

    Raises:
        CannotListen: The address is taken, and still is after five seconds; it is not of this
            machine, or not allowed.
    """
    try:
        return _listen(host, port)
    except socket.gaierror as exc:
        raise CannotListen(f"cannot listen on {host}:{port}: no such host") from exc
    except OSError as exc:
        reason = os.strerror(exc.errno) if exc.errno else exc
        raise CannotListen(f"cannot listen on {host}:{port}: {reason}") from exc
    except (UnicodeError, TypeError, ValueError) as exc:
        raise CannotListen(f"cannot listen on {host}:{port}: no host has such a name") from exc


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + _TAKEN
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY)
