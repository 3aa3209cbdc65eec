"""Whatever bytes arrive, the answer is one of the documented ones, and the application goes on."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from lyftr_core.testing import InvalidBody, bodies, invalid_bodies
from tests.support.examples import example_count

Lines = Callable[[], list[dict[str, Any]]]
Sign = Callable[[bytes], str]

# One application takes all examples of a test: it must bear them one after another.
_shared = hypothesis.settings(
    deadline=None,
    max_examples=example_count(100),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_TEMPLATES = [b"/messages", b"/messages/", b"/webhook", b"/stats", b"/health/", b"/metrics", b"/"]
_HEADERS = [b"X-Signature", b"X-Request-ID", b"Content-Type", b"Accept", b"Cookie", b"Range"]
_NAMES = ["from", "to", "since", "until", "q", "limit", "offset", "cursor", "order", "total"]


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Callable[..., Awaitable[httpx.Response]]:
    """Sends a request whose target is taken byte for byte, and checks any answer's form."""

    async def send(method: str, target: bytes, **arguments: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        answer = await client.request(method, "/", extensions={"target": target}, **arguments)
        assert answer.status_code < 500
        assert answer.headers["x-request-id"]
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["detail"]
        return answer

    return send


Ask = Callable[..., Awaitable[httpx.Response]]


@given(body=st.binary(max_size=200))
@_shared
async def test_any_signed_bytes_that_are_no_message_are_422(
    ask: Ask, sign: Sign, body: bytes
) -> None:
    headers = {"X-Signature": sign(body)}
    assert (await ask("POST", b"/webhook", content=body, headers=headers)).status_code == 422


@given(invalid=invalid_bodies())
@_shared
async def test_any_signed_body_that_breaks_rules_is_422_with_each_of_them(
    ask: Ask, sign: Sign, invalid: InvalidBody
) -> None:
    headers = {"X-Signature": sign(invalid.content)}
    answer = await ask("POST", b"/webhook", content=invalid.content, headers=headers)
    assert answer.status_code == 422
    assert [(fault["loc"], fault["type"]) for fault in answer.json()["detail"]] == [
        (["body", field] if field else ["body"], code) for field, code in invalid.faults
    ]


@given(body=bodies())
@_shared
async def test_any_signed_message_is_taken_or_too_large(ask: Ask, sign: Sign, body: bytes) -> None:
    headers = {"X-Signature": sign(body)}
    answer = await ask("POST", b"/webhook", content=body, headers=headers)
    assert answer.status_code == (200 if len(body) <= 65_536 else 413)


@given(body=st.binary(max_size=200), signature=st.binary(max_size=80))
@_shared
async def test_any_body_with_any_other_signature_is_401(
    ask: Ask, body: bytes, signature: bytes
) -> None:
    headers = {b"X-Signature": signature}
    assert (await ask("POST", b"/webhook", content=body, headers=headers)).status_code == 401


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT", "FOO"]),
    start=st.sampled_from(_TEMPLATES),
    rest=st.binary(max_size=40) | st.text("%/.?a0F", max_size=20).map(str.encode),
)
@_shared
async def test_any_target_is_answered(ask: Ask, method: str, start: bytes, rest: bytes) -> None:
    assert (await ask(method, start + rest)).status_code in {200, 204, 401, 404, 405, 422}


@given(
    query=st.binary(max_size=60)
    | st.lists(st.tuples(st.sampled_from(_NAMES), st.binary(max_size=12))).map(
        lambda pairs: b"&".join(name.encode() + b"=" + value for name, value in pairs)
    )
)
@_shared
async def test_any_query_is_a_page_or_a_fault(ask: Ask, query: bytes) -> None:
    answer = await ask("GET", b"/messages?" + query)
    if answer.status_code == 422:
        assert {fault["loc"][0] for fault in answer.json()["detail"]} == {"query"}
        assert {fault["loc"][1] for fault in answer.json()["detail"]} <= set(_NAMES)
    else:
        assert answer.status_code == 200


@given(
    path=st.sampled_from(["/messages", "/stats", "/health/live", "/metrics", "/none"]),
    headers=st.lists(
        st.tuples(
            st.sampled_from(_HEADERS) | st.from_regex(rb"\A[a-zA-Z-]{1,10}\Z"),
            st.binary(max_size=40),
        ),
        max_size=6,
    ),
)
@_shared
async def test_any_headers_are_borne(
    ask: Ask, path: str, headers: list[tuple[bytes, bytes]]
) -> None:
    answer = await ask("GET", path.encode(), headers=headers)
    assert answer.status_code in ({404} if path == "/none" else {200})


@given(data=st.binary(min_size=1, max_size=300), size=st.integers(1, 50))
@_shared
async def test_any_division_of_a_body_is_the_same_body(
    ask: Ask, sign: Sign, data: bytes, size: int
) -> None:
    async def pieces() -> Any:  # noqa: ANN401 - an asynchronous generator
        for place in range(0, len(data), size):
            yield data[place : place + size]

    headers = {"X-Signature": sign(data)}
    assert (await ask("POST", b"/webhook", content=pieces(), headers=headers)).status_code == 422
