"""What every answer tells browsers and caches not to do with it.

The set is that of OWASP's REST Security Cheat Sheet, section "Security Headers". Not in it is
Strict-Transport-Security, which only an answer over TLS may have (RFC 6797, section 7.2): it is for
the proxy that ends TLS to add.
"""

from collections.abc import Iterable

__all__ = ["SECURITY_HEADERS", "with_security_headers"]

Header = tuple[bytes, bytes]

SECURITY_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
"""They say that the answer is kept nowhere, loads nothing, is what its type says, tells no other
site where a reader comes from, and is shown in no frame."""

_NAMES = frozenset(name for name, _ in SECURITY_HEADERS)


def with_security_headers(headers: Iterable[Header]) -> list[Header]:
    """Return the headers of an answer with those added that it does not bring itself.

    Args:
        headers: Their names in lower case.
    """
    own = [*headers]
    given = dict(own)
    if _NAMES.isdisjoint(given):  # nearly always
        return [*own, *SECURITY_HEADERS]
    return [*own, *(header for header in SECURITY_HEADERS if header[0] not in given)]
