"""Where strangers could read, `lyftr serve` starts only if somebody has decided on that."""

from pathlib import Path

import pytest

from tests.support.server import Lyftr, Serve, refusal

_WAYS_OUT = ("API_TOKENS", "ALLOW_ANONYMOUS_READS=true")


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (("--host", "0.0.0.0"), {}),  # noqa: S104 - refused, so never bound
        (("--host", "::"), {}),
        (("--host", "192.0.2.1"), {"HOST": "127.0.0.1"}),
        ((), {"HOST": "0.0.0.0"}),  # noqa: S104 - as above
        (("--dev",), {"HOST": "0.0.0.0"}),  # noqa: S104 - as above
        (("--workers", "2"), {"HOST": "0.0.0.0", "ALLOW_ANONYMOUS_READS": "false"}),  # noqa: S104 - as above
    ],
)
def test_an_open_address_without_a_decision_stops_the_start_before_anything_is_made(
    lyftr: Lyftr, tmp_path: Path, options: tuple[str, ...], variables: dict[str, str]
) -> None:
    done = lyftr("serve", "--port", "0", *options, **variables)
    line = refusal(done)
    assert done.returncode == 1
    assert all(way in line for way in _WAYS_OUT)
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_is_none_stops_the_start(lyftr: Lyftr, tmp_path: Path) -> None:
    host = "a" * 64  # longer than any name may be, so that nobody is asked for it
    line = refusal(lyftr("serve", "--host", host, "--port", "0"))
    assert line == f"lyftr: cannot listen on {host}:0: no host has such a name"
    assert list(tmp_path.iterdir()) == []


def test_an_open_address_with_tokens_starts_and_asks_for_them(serve: Serve) -> None:
    with serve("--host", "0.0.0.0", API_TOKENS="a-token, another") as server:  # noqa: S104 - so it is meant
        assert server.http.get("/messages").status_code == 401
        answer = server.http.get("/messages", headers={"Authorization": "Bearer another"})
        assert answer.status_code == 200


def test_an_open_address_with_leave_for_everybody_starts(serve: Serve) -> None:
    with serve("--host", "0.0.0.0", ALLOW_ANONYMOUS_READS="True") as server:  # noqa: S104 - so it is meant
        assert server.http.get("/messages").status_code == 200


def test_the_option_decides_where_it_listens(serve: Serve) -> None:
    with serve("--host", "127.0.0.1", HOST="0.0.0.0") as server:  # noqa: S104 - overridden
        assert server.http.get("/messages").status_code == 200


def test_every_worker_asks_for_the_tokens(serve: Serve) -> None:
    with serve("--workers", "2", API_TOKENS="a-token") as server:
        for _ in range(8):  # each over a connection of its own, so that both workers have some
            answer = server.http.get("/stats", headers={"Connection": "close"})
            assert answer.status_code == 401
            headers = {"Connection": "close", "Authorization": "Bearer a-token"}
            assert server.http.get("/stats", headers=headers).status_code == 200
