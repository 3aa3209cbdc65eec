"""Routing on the raw path: a segment stays one, and every spelling of it is the same."""

import itertools
import re
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote_from_bytes, unquote_to_bytes

import httpx
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.types import ASGIApp, Receive, Scope, Send

from lyftr_http.exchange.paths import SegmentRouting
from tests.support.examples import example_count


async def _routed(raw_path: bytes | None, path: str = "/decoded") -> str:
    """The path that is handed on."""
    _, (handed_on,) = await _ask(raw_path, path)
    return handed_on


async def _answered(
    raw_path: bytes | None, path: str = "/decoded", root_path: str = ""
) -> int | None:
    """The status of the answer, or `None` where the request was handed on."""
    statuses, handed_on = await _ask(raw_path, path, root_path)
    assert len(statuses) + len(handed_on) == 1
    return statuses[0] if statuses else None


async def _ask(
    raw_path: bytes | None, path: str, root_path: str = ""
) -> tuple[list[int], list[str]]:
    statuses: list[int] = []
    seen: list[str] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])

    async def answer(event: Any) -> None:  # noqa: ANN401 - an event of ASGI
        statuses.extend([event["status"]] if "status" in event else [])

    scope = {"type": "http", "path": path, "root_path": root_path}
    given_path = {} if raw_path is None else {"raw_path": raw_path}
    routing = SegmentRouting(cast("ASGIApp", note))
    nothing = cast("Callable[..., Any]", None)
    await routing(cast("Scope", scope | given_path), nothing, answer)
    return statuses, seen


_ROUTES = [
    *("/webhook", "/messages", "/messages/m1", "/stats", "/stream", "/health/live"),
    *("/health/ready", "/metrics", "/schema/openapi.json", "/docs", "/login", "/logout"),
]


@pytest.mark.parametrize(
    ("raw_path", "path"),
    [
        (b"/", "/"),
        (b"/stats", "/stats"),
        (b"/messages/a%2Fb", "/messages/a%2Fb"),
        (b"/messages/a%2fb", "/messages/a%2Fb"),
        (b"/messages/a/b", "/messages/a/b"),
        (b"/%6dessages/%61", "/messages/a"),
        (b"/messages/%25", "/messages/%25"),
        (b"/messages/%", "/messages/%25"),
        (b"/messages/%zz", "/messages/%25zz"),
        (b"/messages/a+b", "/messages/a%2Bb"),
        (b"/messages/%FF", "/messages/%FF"),
        (b"/messages/\xff", "/messages/%FF"),
        (b"/messages?a=/b", "/messages"),
        (b"*", "%2A"),
    ],
)
async def test_each_segment_is_spelled_in_one_way(raw_path: bytes, path: str) -> None:
    assert await _routed(raw_path) == path


@pytest.mark.parametrize("raw_path", [None, b""])
async def test_without_a_raw_path_the_decoded_one_is_used(raw_path: bytes | None) -> None:
    assert await _routed(raw_path, "/stats") == "/stats"


@given(st.lists(st.binary(min_size=1, max_size=8), max_size=4))
@hypothesis.settings(deadline=None, max_examples=example_count(200))
async def test_segments_keep_their_number_and_their_bytes(segments: list[bytes]) -> None:
    raw_path = b"/" + b"/".join(quote_from_bytes(s, safe="").encode() for s in segments)
    routed = await _routed(raw_path)
    assert [unquote_to_bytes(s) for s in routed[1:].split("/")] == (segments or [b""])
    assert routed.isascii()


@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=4), st.integers(0, 4))
@hypothesis.settings(deadline=None, max_examples=example_count(200))
async def test_a_path_with_an_empty_segment_is_never_handed_on(
    segments: list[bytes], place: int
) -> None:
    segments.insert(place, b"")
    raw_path = b"/" + b"/".join(quote_from_bytes(s, safe="").encode() for s in segments)
    assert await _answered(raw_path) == 404


@given(st.binary(max_size=30).map(lambda path: re.sub(rb"[/?]+", b"/", b"/" + path).rstrip(b"/")))
@hypothesis.settings(deadline=None, max_examples=example_count(200))
async def test_routing_again_changes_nothing(raw_path: bytes) -> None:
    once = await _routed(raw_path or b"/")
    assert await _routed(once.encode()) == once


@pytest.mark.parametrize("raw_path", [None, b""])
async def test_an_empty_segment_of_the_decoded_path_is_refused_too(raw_path: bytes | None) -> None:
    assert await _answered(raw_path, "/stats/") == 404


@pytest.mark.parametrize("raw_path", [b"/box", b"/box/", b"/b%6Fx/", b"/box/stats", b"/box/a%2F"])
async def test_the_place_of_a_mounted_application_may_end_in_a_slash(raw_path: bytes) -> None:
    assert await _answered(raw_path, root_path="/box") is None


@pytest.mark.parametrize("raw_path", [b"/box//", b"/box//stats", b"/box/stats/", b"/box/a%2F/"])
async def test_below_the_place_of_a_mounted_application_no_segment_is_empty(
    raw_path: bytes,
) -> None:
    assert await _answered(raw_path, root_path="/box") == 404


async def test_a_route_has_one_path(client: httpx.AsyncClient) -> None:
    changes = ["{}/", "{}//", "/{}", "//{}", "{}/?a=b", "{}/%3Fa/"]
    for path, change in itertools.product(_ROUTES, changes):
        target = change.format(path).encode()
        for method in ("GET", "HEAD", "POST"):
            answer = await client.request(method, "/", extensions={"target": target})
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"}), target
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["x-request-id"]


async def test_a_path_with_an_empty_segment_is_counted_and_logged_as_unmatched(
    client: httpx.AsyncClient, signed: Callable[..., dict[str, Any]], lines: Callable[[], list[Any]]
) -> None:
    for target in (b"/webhook/", b"//webhook"):
        answer = await client.post("/", **signed(), extensions={"target": target})
        assert answer.status_code == 404
    metrics = (await client.get("/metrics")).text
    assert 'http_requests_total{method="POST",path="unmatched",status="404"} 2.0' in metrics
    logged = [(line["path"], line["status"], "result" in line) for line in lines()[:2]]
    assert logged == [("/webhook/", 404, False), ("//webhook", 404, False)]
