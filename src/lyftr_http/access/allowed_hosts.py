"""Which hosts a request may name where anyone who reaches the server may read.

A web page can make a browser resolve the page's own name to 127.0.0.1 (DNS rebinding), and then
read what a server there answers. The `Host` header still has the name of the page.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from lyftr_http.exchange.errors import HostNotAllowed
from lyftr_http.exchange.headers import Headers, header_values

__all__ = ["AllowedHosts", "canonical_host"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*:[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
"""Only an IPv6 address has colons, and brackets around them (RFC 3986, section 3.2.2)."""


class AllowedHosts:
    """Lets a request through by the host that it names, whatever the port.

    Args:
        hosts: Names and addresses that are allowed beside those of the loopback interface; `None`
            allows all.
    """

    def __init__(self, hosts: Iterable[str] | None) -> None:
        self._hosts: frozenset[str] | None = None
        if hosts is not None:
            self._hosts = frozenset(canonical_host(host) for host in (*_LOOPBACK, *hosts))

    def require(self, headers: Headers) -> None:
        """Let a request through, or refuse it.

        Args:
            headers: Those of the request.

        Raises:
            HostNotAllowed: It has no `Host` header, several, or one of another host.
        """
        if self._hosts is None:
            return
        values = [value.decode("latin-1") for value in header_values(headers, b"host")]
        found = _HOST_AND_PORT.fullmatch(values[0]) if len(values) == 1 else None
        if not found or canonical_host(found[1]) not in self._hosts:
            raise HostNotAllowed(", ".join(values))


def canonical_host(host: str) -> str:
    """Return the one spelling of a host name or address, an IPv6 address without brackets."""
    try:
        return str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        return host.lower()
