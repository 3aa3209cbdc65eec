"""`X-Request-ID`: on every answer, taken over where it is fit to be."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from lyftr_core import InMemoryMessageRepository

Lines = Callable[[], list[dict[str, Any]]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


class _Broken(InMemoryMessageRepository):
    async def stats(self) -> Any:  # noqa: ANN401 - it never returns
        raise RuntimeError


def _ids(answer: httpx.Response) -> list[str]:
    return [value.decode() for name, value in answer.headers.raw if name == b"x-request-id"]


def _assert_made(identifier: str) -> None:
    assert re.fullmatch(r"[\x21-\x7e]{1,128}", identifier)


@pytest.mark.parametrize("given", ["a", "0" * 128, _VISIBLE, "4f2b-11/x=="], ids=len)
async def test_one_that_is_fit_is_taken_over(
    client: httpx.AsyncClient, lines: Lines, given: str
) -> None:
    answer = await client.get("/health/live", headers={"X-Request-ID": given})
    assert _ids(answer) == [given]
    assert lines()[0]["request_id"] == given


@pytest.mark.parametrize(
    "given",
    [
        *(b"", b" ", b"a b", b"\t", b"a\n", b"a\x00", b"a\x7f", b"\x1b[31m", b"\xc3\xa9", b"\xff"),
        b"a" * 129,
        b"a" * 60_000,
    ],
    ids=lambda given: repr(given[:8]) + str(len(given)),
)
async def test_one_that_is_not_fit_is_made_anew(
    client: httpx.AsyncClient, lines: Lines, given: bytes
) -> None:
    answer = await client.get("/health/live", headers={b"X-Request-ID": given})
    (made,) = _ids(answer)
    _assert_made(made)
    assert made.encode() != given
    assert lines()[0]["request_id"] == made


async def test_two_that_differ_are_none(client: httpx.AsyncClient) -> None:
    headers = [("X-Request-ID", "first"), ("x-request-id", "second")]
    (made,) = _ids(await client.get("/health/live", headers=headers))
    _assert_made(made)
    assert made not in {"first", "second"}


async def test_made_ones_differ(client: httpx.AsyncClient) -> None:
    made = [_ids(await client.get("/health/live"))[0] for _ in range(50)]
    assert len(set(made)) == 50


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("HEAD", "/stats", 200),
        ("OPTIONS", "/stats", 204),
        ("POST", "/webhook", 401),
        ("GET", "/x", 404),
        ("GET", "/messages/none", 404),
        ("GET", "/webhook", 405),
        ("GET", "/messages?limit=0", 422),
    ],
)
async def test_it_is_on_every_answer(
    client: httpx.AsyncClient, lines: Lines, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path, headers={"X-Request-ID": "r1"})
    assert (answer.status_code, _ids(answer)) == (status, ["r1"])
    assert [line["request_id"] for line in lines()] == ["r1"]


async def test_it_is_on_the_answer_to_what_is_too_large(client: httpx.AsyncClient) -> None:
    headers = {"X-Request-ID": "r1"}
    answer = await client.post("/webhook", content=bytes(65_537), headers=headers)
    assert (answer.status_code, _ids(answer)) == (413, ["r1"])


async def test_it_is_on_the_answer_to_an_unforeseen_error(serve: Serve, lines: Lines) -> None:
    async with serve(_Broken()) as client:
        answer = await client.get("/stats", headers={"X-Request-ID": "r1"})
    assert (answer.status_code, _ids(answer)) == (500, ["r1"])
    assert lines()[0]["request_id"] == "r1"
