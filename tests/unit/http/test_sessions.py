"""The cookie of a session: what it holds, how long it counts, and that nothing else counts."""

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_http.access.readers import ReadAccess
from lyftr_http.access.sessions import LIFETIME, SECURE_NAME, Sessions
from lyftr_http.exchange.errors import InvalidToken, TokenRequired

_START = datetime(2026, 1, 15, 12, tzinfo=UTC)
_TOKENS = [b"canary-token-1", b"canary-token-2"]


class _Clock:
    def __init__(self) -> None:
        self.now = _START

    def __call__(self) -> datetime:
        return self.now


def _header(value: str, *, name: str = "lyftr_session") -> list[tuple[bytes, bytes]]:
    return [(b"cookie", f"{name}={value}".encode("latin-1"))]


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def sessions(clock: _Clock) -> Sessions:
    return Sessions(_TOKENS, clock)


@pytest.mark.parametrize("token", _TOKENS)
@pytest.mark.parametrize("name", ["lyftr_session", SECURE_NAME])
def test_a_session_counts_in_every_process(
    sessions: Sessions, clock: _Clock, token: bytes, name: str
) -> None:
    value = sessions.begin(token)
    for other in (sessions, Sessions(_TOKENS, clock), Sessions([token], clock)):
        assert other.are_in(_header(value, name=name))


def test_it_ends_with_its_token(sessions: Sessions, clock: _Clock) -> None:
    value = sessions.begin(_TOKENS[0])
    assert not Sessions(_TOKENS[1:], clock).are_in(_header(value))
    assert not Sessions([], clock).are_in(_header(value))


def test_it_ends_with_its_time(sessions: Sessions, clock: _Clock) -> None:
    value = sessions.begin(_TOKENS[0])
    clock.now += timedelta(seconds=LIFETIME - 1)
    assert sessions.are_in(_header(value))
    clock.now += timedelta(seconds=1)
    assert not sessions.are_in(_header(value))


def test_a_cookie_shows_no_token_and_is_like_no_other(sessions: Sessions) -> None:
    first, second = sessions.begin(_TOKENS[0]), sessions.begin(_TOKENS[0])
    assert first != second
    assert "canary" not in first
    assert hmac.new(_TOKENS[0], first.encode(), "sha256").hexdigest() not in first
    assert repr(sessions) == "Sessions(<2 keys>)"


def test_it_is_found_among_others(sessions: Sessions) -> None:
    value = sessions.begin(_TOKENS[0])
    for cookies in (f"a=b; lyftr_session={value}", f"lyftr_session=x;lyftr_session={value}; c"):
        assert sessions.are_in([(b"cookie", b"z=1"), (b"cookie", cookies.encode())])
    assert not sessions.are_in([(b"cookie", f"lyftr_sessions={value}".encode())])
    assert not sessions.are_in([(b"cooky", f"lyftr_session={value}".encode())])


def test_a_change_anywhere_ends_it(sessions: Sessions) -> None:
    value = sessions.begin(_TOKENS[0])
    for place, character in enumerate(value):
        for other in {"0", "9", "f", ".", "F", " "} - {character}:
            assert not sessions.are_in(_header(value[:place] + other + value[place + 1 :]))
        assert not sessions.are_in(_header(value[:place] + value[place + 1 :]))
        assert not sessions.are_in(_header(value[:place]))
    assert not sessions.are_in(_header(value + "0"))


_PARTS = st.sampled_from(
    [b"lyftr_session", b"__Host-lyftr_session", b"=", b";", b".", b" ", b"1", b"99999999999", b"\0"]
)
_COOKIES = st.binary(max_size=40) | st.lists(_PARTS | st.binary(max_size=4)).map(b"".join)


@given(values=st.lists(_COOKIES, max_size=3), bearer=st.none() | st.binary(max_size=20))
def test_whatever_comes_is_refused(values: list[bytes], bearer: bytes | None) -> None:
    access = ReadAccess(_TOKENS, Sessions(_TOKENS, lambda: _START))
    headers = [(b"cookie", value) for value in values]
    if bearer is not None:
        headers.append((b"authorization", bearer))
    with pytest.raises(TokenRequired):
        access.require(headers)


@given(place=st.integers(0, 200), rubbish=st.binary(min_size=1, max_size=8))
def test_rubbish_in_a_good_cookie_is_refused_or_beside_it(place: int, rubbish: bytes) -> None:
    sessions = Sessions(_TOKENS, lambda: _START)
    good = f"lyftr_session={sessions.begin(_TOKENS[0])}".encode()
    changed = good[:place] + rubbish + good[place:]
    is_good = good in [pair.strip(b" ") for pair in changed.split(b";")]
    assert sessions.are_in([(b"cookie", changed)]) == is_good


def test_a_wrong_bearer_token_is_refused_beside_a_good_cookie(sessions: Sessions) -> None:
    access = ReadAccess(_TOKENS, sessions)
    cookie = _header(sessions.begin(_TOKENS[0]))
    access.require(cookie)
    access.require([*cookie, (b"authorization", b"Basic dTpw")])
    with pytest.raises(InvalidToken):
        access.require([*cookie, (b"authorization", b"Bearer another")])
