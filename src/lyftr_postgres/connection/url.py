"""Database URLs: which server is meant, in the words of libpq.

Whatever libpq takes is taken, and passed on as it is: several hosts, `target_session_attrs`, the
options of TLS (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING).
"""

import re
from urllib.parse import parse_qsl

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

__all__ = ["SCHEMES", "describe", "parse_database_url", "parse_read_url"]

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
"""They mean the same."""
_TAKEN = "must be postgresql://USER:PASSWORD@HOST:PORT/NAME"
_PORT = re.compile("[0-9]{1,9}")
_HIGHEST_PORT = 65_535
_PATIENCE = {
    # A host that does not answer must not hold up the next one, nor a webhook, for minutes.
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
_ALWAYS = {
    # Over the environment (PGCLIENTENCODING), the role and the database; a pool passes it on.
    "client_encoding": "UTF8",
}


def parse_database_url(url: str) -> str:
    """Return the connection string of a database to write to.

    Args:
        url: `postgresql://USER:PASSWORD@HOST:PORT/NAME?OPTION=VALUE`; several hosts have commas
            between them.

    Raises:
        ValueError: libpq does not take it; the message repeats nothing of it.
    """
    # Of several servers one takes writes, at any time another one.
    return _parse(url, "read-write")


def parse_read_url(url: str) -> str:
    """Return the connection string of a replica to read from; see `parse_database_url`."""
    # Of several servers the one that takes writes has enough to do.
    return _parse(url, "prefer-standby")


def _parse(url: str, wanted: str) -> str:
    scheme, separator, rest = url.partition("://")
    if scheme not in SCHEMES or not separator or "\0" in url:
        raise ValueError(_TAKEN)
    if _has_raw_delimiter(rest):
        raise ValueError(f"{_TAKEN}; write @ as %40 and / as %2F in USER and PASSWORD")
    try:
        given = {
            name: str(value) for name, value in conninfo_to_dict(f"{SCHEMES[0]}://{rest}").items()
        }
    except (psycopg.Error, UnicodeError):  # %FF is no UTF-8
        option = _unknown_option(rest)
        raise ValueError(f"{_TAKEN}; libpq knows no {option}" if option else _TAKEN) from None
    if not all(map(_is_port, given.get("port", "").split(","))):
        raise ValueError(_TAKEN)
    if "," in given.get("host", given.get("hostaddr", "")):
        given.setdefault("target_session_attrs", wanted)
    return make_conninfo(**{"fallback_application_name": "lyftr", **_PATIENCE, **given, **_ALWAYS})


def describe(conninfo: str) -> str:
    """Name a database as people do, without any secret.

    Args:
        conninfo: See `parse_database_url`.
    """
    parameters = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    name = parameters.get("dbname") or parameters.get("user") or "the default database"
    hosts = (parameters.get("host") or parameters.get("hostaddr") or "the local server").split(",")
    ports = parameters.get("port", "").split(",")
    if len(ports) == 1:  # it is that of each
        ports *= len(hosts)
    shown = (f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False))
    return f"{name} at {','.join(shown)}"


def _has_raw_delimiter(rest: str) -> bool:
    """Tell whether a password with a raw `@` or `/` would be read as part of the host or the name.

    libpq ends the password at the first of them, and its errors would show the rest. A `?` before
    that belongs to the password.
    """
    user, at, behind = rest.partition("@")
    address = behind if at and "/" not in user else rest
    return "@" in address.partition("?")[0]


def _is_port(text: str) -> bool:
    return not text or (_PORT.fullmatch(text) is not None and 0 < int(text) <= _HIGHEST_PORT)


def _unknown_option(rest: str) -> str | None:
    """Return the first option of a URL that libpq does not know, if that is what is wrong."""
    for name, _ in parse_qsl(rest.partition("?")[2]):
        try:
            make_conninfo(**{name: "1"})
        except psycopg.Error:
            return name if name.isidentifier() else None
    return None
