"""Who may read: the tokens, how they are sent, and what is answered without a right one."""

import hmac
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.routes import HTTPRoute

from lyftr_http.access.readers import ReadAccess
from lyftr_http.app import create_app
from lyftr_http.exchange.errors import InvalidToken, TokenRequired
from lyftr_runtime.settings import Secret, Settings

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]

_TOKENS = ("canary-token-1", "canary/token+2==")
_PROTECTED = [
    *("/messages", "/messages?limit=0", "/messages/none", "/messages/%00"),
    *("/stats", "/stream?after=x"),
]
_OPEN = ["/health/live", "/health/ready", "/metrics", "/schema/openapi.json", "/docs"]
_REQUIRED = ({"detail": "a bearer token is required"}, 'Bearer realm="lyftr"')
_INVALID = ({"detail": "invalid token"}, 'Bearer realm="lyftr", error="invalid_token"')


@pytest.fixture
def guarded(settings: Settings) -> Settings:
    tokens = tuple(Secret(token) for token in _TOKENS)
    return msgspec.structs.replace(settings, api_tokens=tokens)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _assert_refused(answer: httpx.Response, expected: tuple[dict[str, str], str]) -> None:
    body, challenge = expected
    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate") == [challenge]
    assert answer.headers["content-type"] == "application/json"
    assert answer.request.method == "HEAD" or answer.json() == body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", _PROTECTED)
async def test_without_a_right_token_no_parameter_is_looked_at(
    serve: Serve, guarded: Settings, path: str, method: str
) -> None:
    async with serve(configured=guarded) as client:
        _assert_refused(await client.request(method, path), _REQUIRED)
        answer = await client.request(method, path, headers=_bearer("another"))
        _assert_refused(answer, _INVALID)


@pytest.mark.parametrize("token", _TOKENS)
async def test_each_token_lets_read_everything(
    serve: Serve, guarded: Settings, signed: Signed, token: str
) -> None:
    async with serve(configured=guarded) as client:
        client.headers.update(_bearer(token))
        await client.post("/webhook", **signed())
        statuses = [(await client.get(path)).status_code for path in (*_PROTECTED, "/messages/m1")]
    assert statuses == [200, 422, 404, 422, 200, 422, 200]


@pytest.mark.parametrize(
    "value",
    ["bearer {}", "BEARER {}", "bEaReR {}", "Bearer    {}"],
)
async def test_the_scheme_may_have_any_letter_case_and_more_spaces(
    serve: Serve, guarded: Settings, value: str
) -> None:
    async with serve(configured=guarded) as client:
        headers = {"Authorization": value.format(_TOKENS[0])}
        assert (await client.get("/stats", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        *("Bearer", "Bearer ", "Bearer  ", "bearer another", f"Bearer {_TOKENS[0]},{_TOKENS[1]}"),
        *(f"Bearer {_TOKENS[0]}=", f"Bearer {_TOKENS[0][:-1]}", f"Bearer {_TOKENS[0].upper()}"),
        *(f"Bearer\t{_TOKENS[0]}x", f'Bearer "{_TOKENS[0]}"', f"Bearer {_TOKENS[0]} x"),
    ],
)
async def test_another_token_is_refused_as_invalid(
    serve: Serve, guarded: Settings, value: str
) -> None:
    expected = _INVALID if not value.startswith("Bearer\t") else _REQUIRED
    async with serve(configured=guarded) as client:
        _assert_refused(await client.get("/stats", headers={"Authorization": value}), expected)


@pytest.mark.parametrize(
    "value", ["", "Basic dTpw", _TOKENS[0], f"Token {_TOKENS[0]}", f"Bearer{_TOKENS[0]}"]
)
async def test_without_a_bearer_token_one_is_asked_for(
    serve: Serve, guarded: Settings, value: str
) -> None:
    async with serve(configured=guarded) as client:
        _assert_refused(await client.get("/stats", headers={"Authorization": value}), _REQUIRED)


async def test_a_token_elsewhere_does_not_count(serve: Serve, guarded: Settings) -> None:
    """In a query it would be in the logs of proxies (RFC 6750, section 2.3)."""
    async with serve(configured=guarded) as client:
        _assert_refused(await client.get(f"/stats?access_token={_TOKENS[0]}"), _REQUIRED)
        _assert_refused(await client.get("/stats", headers={"Cookie": _TOKENS[0]}), _REQUIRED)


async def test_two_headers_are_refused_even_if_one_is_right(
    serve: Serve, guarded: Settings
) -> None:
    right = ("Authorization", f"Bearer {_TOKENS[0]}")
    async with serve(configured=guarded) as client:
        for other in (right, ("Authorization", "Basic dTpw"), ("authorization", "")):
            for headers in ([right, other], [other, right]):
                _assert_refused(await client.get("/stats", headers=headers), _INVALID)


@pytest.mark.parametrize("path", _OPEN)
async def test_what_shows_no_message_data_stays_open(
    serve: Serve, guarded: Settings, path: str
) -> None:
    async with serve(configured=guarded) as client:
        for headers in ({}, _bearer("another")):
            assert (await client.get(path, headers=headers)).status_code == 200


async def test_a_webhook_needs_its_signature_and_no_token(
    serve: Serve, guarded: Settings, signed: Signed
) -> None:
    async with serve(configured=guarded) as client:
        assert (await client.post("/webhook", **signed())).status_code == 200
        answer = await client.post("/webhook", content=b"{}", headers=_bearer(_TOKENS[0]))
    assert (answer.status_code, answer.json()) == (401, {"detail": "invalid signature"})
    assert "www-authenticate" not in answer.headers


async def test_without_tokens_everybody_reads(client: httpx.AsyncClient) -> None:
    for headers in ({}, _bearer("any")):
        assert (await client.get("/stats", headers=headers)).status_code == 200


async def test_leave_for_everybody_does_not_undo_tokens(serve: Serve, guarded: Settings) -> None:
    both = msgspec.structs.replace(guarded, allow_anonymous_reads=True)
    async with serve(configured=both) as client:
        _assert_refused(await client.get("/stats"), _REQUIRED)


def _routes(app: Litestar) -> Iterator[tuple[str, int]]:
    """Return the path of each handler of ours, and how many guards it has."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.http_methods != {"OPTIONS"}:
                    yield route.path, len(handler.resolve_guards())


_OPEN_TEMPLATES = {
    *("/health/live", "/health/ready", "/metrics", "/static/{version:str}/{name:str}"),
    *("/login", "/logout"),
}
_DOCUMENTATION = {"/docs", "/docs/{name:str}", "/schema/openapi.json"}
"""Guarded by the host that a request names, not by a token."""


def test_every_route_is_either_guarded_or_known_to_be_open(guarded: Settings) -> None:
    """Whoever adds a route decides on it, in `message_data` or here."""
    routes = list(_routes(create_app(guarded)))
    assert {path for path, guards in routes if not guards} == {*_OPEN_TEMPLATES, "/webhook"}
    assert {path for path, guards in routes if guards == 1} == _DOCUMENTATION


async def test_the_document_says_what_needs_a_token(serve: Serve, guarded: Settings) -> None:
    async with serve(configured=guarded) as client:
        document = (await client.get("/schema/openapi.json")).json()
    (name,) = document["components"]["securitySchemes"]
    scheme = document["components"]["securitySchemes"][name]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, operations in document["paths"].items():
        is_protected = path.startswith(("/messages", "/stats", "/stream"))
        for operation in operations.values():
            assert operation.get("security") == ([{name: []}] if is_protected else None)
            if is_protected:
                assert "WWW-Authenticate" in operation["responses"]["401"]["headers"]


async def test_without_tokens_the_document_speaks_of_none(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    assert "securitySchemes" not in document["components"]
    assert "401" not in document["paths"]["/stats"]["get"]["responses"]


def test_no_token_is_shown_by_accident() -> None:
    assert repr(ReadAccess([b"canary"])) == "ReadAccess(<1 tokens>)"


_HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"authorization", b"authorisation", b"cookie"]),
        st.binary(max_size=30)
        | st.builds(
            lambda word, gap, token: word + gap + token,
            st.sampled_from([b"Bearer", b"bearer", b"Basic", b"\xff"]),
            st.sampled_from([b" ", b"  ", b"", b"\t", b"\xa0"]),
            st.sampled_from([b"right", b"wrong", b"right\x00", b"right ", b"\xc3", b""]),
        ),
    ),
    max_size=3,
)


@given(headers=_HEADERS)
def test_whatever_comes_is_let_through_or_refused(headers: list[tuple[bytes, bytes]]) -> None:
    given_ = [value for name, value in headers if name == b"authorization"]
    word, _, token = given_[0].partition(b" ") if len(given_) == 1 else (b"", b"", b"")
    is_right = word.lower() == b"bearer" and token.lstrip(b" ").rstrip(b" \t") == b"right"
    access = ReadAccess([b"other", b"right"])
    if is_right:
        access.require(headers)
    else:
        with pytest.raises(TokenRequired):
            access.require(headers)


@pytest.mark.parametrize("token", [b"a", b"b", b"c", b"d"])
def test_every_token_is_compared_whichever_matches(
    monkeypatch: pytest.MonkeyPatch, token: bytes
) -> None:
    compared: list[tuple[int, int]] = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return compare_digest(left, right)

    compare_digest = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    access = ReadAccess([b"a", b"b", b"c"])
    try:
        access.require([(b"authorization", b"Bearer " + token)])
    except InvalidToken:
        assert token == b"d"
    assert compared == [(32, 32)] * 3
