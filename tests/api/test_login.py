"""Logging in: the form, the cookie, where it leads, and who is kept out."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import quote

import httpx
import hypothesis
import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from lyftr_http.access.browser import local_path
from lyftr_runtime.settings import Secret, Settings
from tests.support.examples import example_count

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

_TOKEN = "canary/token+2=="
_CROSS = {"Sec-Fetch-Site": "cross-site"}
_ELSEWHERE = [
    *("//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "evil"),
    *("/\t/evil.example", "/\n//evil.example", "javascript:alert(1)", " //evil.example", ""),
    *("///evil.example", "/a\r\nSet-Cookie: x=y", "/é", "/" + "a" * 3000),
]


@pytest.fixture
async def guarded(serve: Serve, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    tokens = (Secret("another"), Secret(_TOKEN))
    async with serve(configured=msgspec.structs.replace(settings, api_tokens=tokens)) as client:
        yield client


def _log_in(client: httpx.AsyncClient, token: str = _TOKEN, **more: Any) -> Any:  # noqa: ANN401 - as httpx
    return client.post("/login", data={"token": token, "next": more.pop("after", "/")}, **more)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_page_without_a_session_leads_to_the_form(
    guarded: httpx.AsyncClient, method: str
) -> None:
    answer = await guarded.request(method, "/?q=a%20b&from=%2B12")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/%3Fq%3Da%2520b%26from%3D%252B12"
    form = await guarded.get(answer.headers["location"])
    assert 'name="next" value="/?q=a%20b&amp;from=%2B12"' in form.text


async def test_a_part_of_a_page_sends_the_whole_page_to_the_form(
    guarded: httpx.AsyncClient,
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://t/?q=hello"}
    answer = await guarded.get("/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login?next=/%3Fq%3Dhello"
    headers["HX-Current-URL"] = "http://t//evil.example"
    assert (await guarded.get("/", headers=headers)).headers["hx-redirect"] == "/login?next=/"


async def test_a_token_begins_a_session_that_reads_everything(guarded: httpx.AsyncClient) -> None:
    answer = await _log_in(guarded, f" {_TOKEN}\r\n", after="/?q=hello")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?q=hello")
    (cookie,) = answer.headers.get_list("set-cookie")
    value, *attributes = cookie.lower().split("; ")
    assert value.startswith("lyftr_session=")
    assert set(attributes) == {"path=/", "max-age=43200", "httponly", "samesite=strict"}
    assert _TOKEN not in cookie
    for path in ("/", "/stats", "/messages"):
        assert (await guarded.get(path)).status_code == 200
    assert (await guarded.get("/login?next=/%3Fq%3Da")).headers["location"] == "/?q=a"
    bearer = {"Authorization": "Bearer wrong"}
    assert (await guarded.get("/stats", headers=bearer)).status_code == 401


@pytest.mark.parametrize("said", ["https", "HTTPS", "https, http"])
async def test_over_tls_the_cookie_goes_over_tls_alone(
    guarded: httpx.AsyncClient, said: str
) -> None:
    answer = await _log_in(guarded, headers={"X-Forwarded-Proto": said})
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-lyftr_session=")
    attributes = set(cookie.lower().split("; ")[1:])
    assert attributes == {"path=/", "max-age=43200", "httponly", "samesite=strict", "secure"}
    headers = {"Cookie": cookie.partition(";")[0]}
    assert (await guarded.get("/stats", headers=headers)).status_code == 200


@pytest.mark.parametrize("token", ["", "canary-wrong", "another,", _TOKEN * 1000])
async def test_a_wrong_token_is_told_so_and_not_repeated(
    guarded: httpx.AsyncClient, token: str
) -> None:
    answer = await _log_in(guarded, token, after="/?q=a")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "is not one of" in answer.text
    assert 'value="/?q=a"' in answer.text
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    "content", [b"", b"token", b"\xff=%FF&token=%FF%00", b"&".join([b"a=b"] * 99)]
)
async def test_any_form_is_answered(guarded: httpx.AsyncClient, content: bytes) -> None:
    assert (await guarded.post("/login", content=content)).status_code == 401


@given(
    content=st.binary(max_size=200) | st.binary(max_size=60).map(lambda end: b"token=" + end),
    cookie=st.binary(max_size=60) | st.binary(max_size=60).map(lambda v: b"lyftr_session=" + v),
    query=st.binary(max_size=40).map(lambda end: b"/login?next=" + end),
)
@hypothesis.settings(
    deadline=None,
    max_examples=example_count(50),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_whatever_comes_begins_no_session(
    guarded: httpx.AsyncClient, content: bytes, cookie: bytes, query: bytes
) -> None:
    headers = [(b"Cookie", cookie)]
    answer = await guarded.post("/login", content=content, headers=headers)
    assert answer.status_code == 401
    target = {"target": query}
    assert (await guarded.get("/", headers=headers, extensions=target)).status_code == 200
    for path, status in (("/", 303), ("/stats", 401), ("/messages", 401)):
        assert (await guarded.get(path, headers=headers)).status_code == status


async def test_a_form_that_is_too_large_is_not_read(guarded: httpx.AsyncClient) -> None:
    assert (await guarded.post("/login", content=bytes(65_537))).status_code == 413


@pytest.mark.parametrize("after", _ELSEWHERE)
async def test_nobody_is_sent_elsewhere(guarded: httpx.AsyncClient, after: str) -> None:
    form = await guarded.get(f"/login?next={quote(after)}")
    assert 'name="next" value="/"' in form.text
    answer = await _log_in(guarded, after=after)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@given(text=st.text(alphabet="/\\@:.?#a%\t\n é", max_size=12))
def test_a_local_path_stays_on_its_host(text: str) -> None:
    if (path := local_path(text)) is not None:
        assert httpx.URL("http://t/login").join(path).host == "t"
        assert path[1:2] not in {"/", "\\"}


@pytest.mark.parametrize(
    "headers",
    [
        _CROSS,
        {"Sec-Fetch-Site": "same-site", "Origin": "http://t"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://t.evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_a_form_of_another_site_is_refused(
    guarded: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    answer = await guarded.post(path, data={"token": _TOKEN}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://t"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}]
)
async def test_a_form_of_ours_is_taken(guarded: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await _log_in(guarded, headers=headers)).status_code == 303
    answer = await guarded.post("/logout", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert (await guarded.get("/stats")).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "https"}])
async def test_logging_out_ends_the_sessions_with_and_without_tls(
    guarded: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await guarded.post("/logout", headers=headers)
    ended = [cookie.lower().split("; ") for cookie in answer.headers.get_list("set-cookie")]
    common = {"path=/", "max-age=0", "httponly", "samesite=strict"}
    assert {cookie[0].partition("=")[0]: set(cookie[1:]) for cookie in ended} == {
        "lyftr_session": common,
        "__host-lyftr_session": common | {"secure"},
    }


async def test_who_follows_a_link_of_another_site_is_asked_once_more(
    guarded: httpx.AsyncClient,
) -> None:
    assert (await guarded.get("/login", headers=_CROSS)).headers["refresh"] == "0"
    assert "refresh" not in (await guarded.get("/login")).headers


async def test_without_tokens_there_is_nothing_to_log_in_to(client: httpx.AsyncClient) -> None:
    for answer in (await client.get("/login?next=/%3Fq%3Da"), await _log_in(client, after="/?q=a")):
        assert (answer.status_code, answer.headers["location"]) == (303, "/?q=a")
        assert "set-cookie" not in answer.headers
    assert (await client.get("/")).status_code == 200


async def test_everything_is_below_where_the_application_is_mounted(
    guarded: httpx.AsyncClient,
) -> None:
    extensions = {"root_path": "/box", "target": b"/box/"}
    answer = await guarded.get("/", extensions=extensions)
    assert answer.headers["location"] == "/box/login?next=/box/"
    extensions = {"root_path": "/box", "target": b"/box/login"}
    form = await guarded.get("/login", extensions=extensions)
    assert 'action="/box/login"' in form.text
    answer = await guarded.post("/login", data={"token": _TOKEN}, extensions=extensions)
    assert answer.headers["location"] == "/box/"


async def test_neither_token_nor_cookie_nor_query_is_logged(
    guarded: httpx.AsyncClient, output: io.BytesIO
) -> None:
    await guarded.get("/?q=canary")
    await _log_in(guarded, "canary-wrong", after="/?q=canary")
    answer = await _log_in(guarded, after="/?q=canary")
    await guarded.get("/")
    await guarded.post("/logout")
    written = output.getvalue().decode()
    assert written.count("\n") == 5
    assert "canary" not in written
    assert answer.headers["set-cookie"].partition("=")[2].partition(";")[0] not in written
