"""Which addresses only this machine can reach."""

import socket

import pytest

from lyftr_http.server.listening import CannotListen, is_loopback


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "localhost", "LOCALHOST"),
        *("::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"),
    ],
)
def test_an_address_of_this_machine_alone_is_loopback(host: str) -> None:
    assert is_loopback(host, 8000)


@pytest.mark.parametrize(
    "host",
    [
        *("", "0.0.0.0", "0", "::", "::0", "::ffff:0.0.0.0", "::ffff:192.0.2.1"),  # noqa: S104 - asked about, not bound
        *("192.0.2.1", "10.0.0.1", "128.0.0.1", "169.254.0.1", "2001:db8::1", "fe80::1"),
    ],
)
def test_an_address_that_others_may_reach_is_not(host: str) -> None:
    assert not is_loopback(host, 8000)


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["127.0.0.1", "::1"], True),
        (["127.0.0.1", "192.0.2.1"], False),
        (["2001:db8::1", "::1"], False),
    ],
)
def test_a_name_is_loopback_if_all_its_addresses_are(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], *, expected: bool
) -> None:
    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert (host, port) == ("a.name", 80)
        return [(socket.AF_UNSPEC, socket.SOCK_STREAM, 0, "", (a, port)) for a in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert is_loopback("a.name", 80) is expected


@pytest.mark.parametrize("host", ["a" * 64 + ".b", "\udcff"])
def test_what_can_be_no_name_cannot_be_listened_on(host: str) -> None:
    with pytest.raises(CannotListen, match="no host has such a name"):
        is_loopback(host, 8000)


def test_a_name_that_stands_for_no_address_cannot_be_listened_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(CannotListen, match=r"cannot listen on a\.name:80: no such host"):
        is_loopback("a.name", 80)
