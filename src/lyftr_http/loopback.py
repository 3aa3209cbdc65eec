"""Whether only this machine can reach an address to listen on."""

import ipaddress
import socket

from lyftr_http.listening import CannotListen

__all__ = ["is_loopback"]


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
