"""Database URLs of PostgreSQL: what is refused before libpq could show a part of a password."""

from collections.abc import Callable

import pytest

from lyftr_postgres.connection.url import describe, parse_database_url, parse_read_url

_READERS = [parse_database_url, parse_read_url]


@pytest.mark.parametrize("parse", _READERS)
@pytest.mark.parametrize(
    "password",
    [
        *("canary@tail", "canary@", "@canary", "12/canary", "canary/tail", "a@b@c"),
        *("a?canary@tail", "a?b=c@canary", "?@canary"),
    ],
)
@pytest.mark.parametrize("rest", ["host/inbox", "host:5432/inbox?sslmode=require", "h1,h2/inbox"])
def test_a_raw_delimiter_in_a_password_is_refused(
    parse: Callable[[str], str], password: str, rest: str
) -> None:
    with pytest.raises(ValueError, match=r"write @ as %40 and / as %2F") as refused:
        parse(f"postgresql://user:{password}@{rest}")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:canary@[host/inbox",
        "postgresql://user:canary\udce4@host/inbox",
        "postgresql://user:canary%zz@host/inbox",
        f"postgresql://user@host:{'9' * 5000}/inbox",
    ],
)
def test_what_cannot_be_parsed_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(ValueError, match=r"\Amust be postgresql://USER:PASSWORD@HOST:PORT/NAME\Z"):
        parse_database_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:p?ss@host/inbox?password=a@b",
        "postgresql://user:p%40ss%2Fword@host/inbox",
        "postgresql://user@host/inbox?application_name=a@b/c",
        "postgresql:///inbox?host=/run/postgresql&user=a@b",
        "postgresql://user%40realm@host",
        "postgresql://%2Frun%2Fpostgresql/inbox",
    ],
)
def test_encoded_delimiters_and_those_of_options_are_taken(url: str) -> None:
    assert describe(parse_database_url(url))


@pytest.mark.parametrize("parse", _READERS)
@pytest.mark.parametrize("rest", ["u:secr%FFet@host/inbox", "host/%C3", "host/db?sslcert=%FF"])
def test_bytes_that_are_no_utf_8_are_refused_without_showing_any(
    parse: Callable[[str], str], rest: str
) -> None:
    with pytest.raises(ValueError, match="must be postgresql://USER") as caught:
        parse(f"postgresql://{rest}")
    assert "byte" not in str(caught.value)
