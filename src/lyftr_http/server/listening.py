"""The listening socket, opened before anything else starts, and whether its address is local."""

import errno
import ipaddress
import os
import socket
import time

__all__ = ["CannotListen", "bind", "is_loopback", "limit_unread"]

BACKLOG = 2048
"""How many connections the system holds until they are accepted."""
_TAKEN = 5.0
"""How long an address that is taken is waited for, in seconds: the workers of a server that was
killed let go of it as soon as they see that."""
_RETRY = 0.05
"""How often it is tried again, in seconds."""

_SEND_BUFFER = 128 * 1024
"""How much of what a client has not read the system holds for each connection, in bytes. Linux
takes twice as much memory for it. The rest waits in the process, which then sends no more."""
_MAX_USER_TIMEOUT = 2**31 - 1


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


def limit_unread(listening: socket.socket, seconds: float) -> None:
    """Bound what clients that read nothing hold in the system, for all connections accepted later.

    An answer that fits the buffers of the system counts as sent to this process, and a connection
    that was closed keeps its buffer until its client has read it. So the system has to give it up.

    Args:
        listening: From `bind`.
        seconds: For so long a client may acknowledge nothing of what was sent, or leave no room for
            more. Without effect where the system has no `TCP_USER_TIMEOUT`, as on macOS.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = min(int(seconds * 1000), _MAX_USER_TIMEOUT)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


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


def is_loopback(host: str, port: int) -> bool:
    """Tell whether every address that a host stands for is a loopback address.

    Args:
        host: An address or a name. The empty one stands for all addresses of this machine.
        port: Where it is to be listened on.

    Raises:
        CannotListen: The host stands for no address.
    """
    if not host:
        return False
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise CannotListen(f"cannot listen on {host}:{port}: no such host") from exc
    except (UnicodeError, ValueError) as exc:
        raise CannotListen(f"cannot listen on {host}:{port}: no host has such a name") from exc
    return all(_is_loopback(str(address[0])) for *_, address in found)


def _is_loopback(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback
