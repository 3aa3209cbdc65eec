"""Routing on the raw path: a segment stays one, and every spelling of it is the same."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote_from_bytes, unquote_to_bytes

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.types import ASGIApp, Receive, Scope, Send

from lyftr_http.paths import SegmentRouting


async def _routed(raw_path: bytes | None, path: str = "/decoded") -> str:
    """The path that is handed on."""
    seen: list[str] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])

    scope = {"type": "http", "path": path} | ({} if raw_path is None else {"raw_path": raw_path})
    nothing = cast("Callable[..., Any]", None)
    await SegmentRouting(cast("ASGIApp", note))(cast("Scope", scope), nothing, nothing)
    (handed_on,) = seen
    return handed_on


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
        (b"/messages//", "/messages//"),
        (b"/messages?a=/b", "/messages"),
        (b"*", "%2A"),
    ],
)
async def test_each_segment_is_spelled_in_one_way(raw_path: bytes, path: str) -> None:
    assert await _routed(raw_path) == path


@pytest.mark.parametrize("raw_path", [None, b""])
async def test_without_a_raw_path_the_decoded_one_is_used(raw_path: bytes | None) -> None:
    assert await _routed(raw_path, "/stats") == "/stats"


@given(st.lists(st.binary(max_size=8), max_size=4))
@hypothesis.settings(deadline=None, max_examples=200)
async def test_segments_keep_their_number_and_their_bytes(segments: list[bytes]) -> None:
    raw_path = b"/" + b"/".join(quote_from_bytes(s, safe="").encode() for s in segments)
    routed = await _routed(raw_path)
    assert [unquote_to_bytes(s) for s in routed[1:].split("/")] == (segments or [b""])
    assert routed.isascii()


@given(st.binary(max_size=30))
@hypothesis.settings(deadline=None, max_examples=200)
async def test_routing_again_changes_nothing(path: bytes) -> None:
    once = await _routed(b"/" + path)
    assert await _routed(once.encode()) == once
