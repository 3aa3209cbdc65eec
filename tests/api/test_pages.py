"""The inbox for people: what it shows of each view, and that it shows it as text."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest
from dependency_injector import providers

from lyftr_core import StorageUnavailable
from lyftr_http.container import Container
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.page.templates import PAGE_POLICY
from lyftr_runtime.settings import Secret, Settings, WebhookScheme
from tests.support.broken_repository import BrokenRepository

Deliver = Callable[..., Awaitable[None]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]


class _Unreadable(BrokenRepository):
    """Nothing at all can be read from it."""

    select = stats = BrokenRepository.add


_PATHS = ["/", "/inbox/results", "/inbox/rows", "/inbox/message?message=m1", "/inbox/figures"]
_LONG = "/".join(["a'b\"c&d<e>"] * 23)
_PART = {"HX-Request": "true"}


def _shown(html: str) -> str:
    """Return the text of a page, white space folded."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def _identifiers(html: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'<li class="row"[^>]*data-id="([^"]*)"', html)]


@pytest.mark.parametrize("path", [*_PATHS, "/inbox/health"])
async def test_a_page_is_html_with_its_policy_and_is_not_kept(
    client: httpx.AsyncClient, deliver: Deliver, path: str
) -> None:
    await deliver({})
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers.get_list("content-security-policy") == [PAGE_POLICY]
    assert answer.headers.get_list("cache-control") == ["no-store"]
    head = await client.head(path)
    assert (head.status_code, head.headers["content-length"]) == (
        200,
        answer.headers["content-length"],
    )


@pytest.mark.parametrize("path", _PATHS)
async def test_nothing_in_it_is_inline_or_from_elsewhere(
    client: httpx.AsyncClient, deliver: Deliver, path: str
) -> None:
    await deliver({})
    html = (await client.get(path)).text
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
    addresses = re.findall(r'\b(?:src|href|action|hx-get)="([^"]*)"', html)
    assert all(address.startswith(("/", "#")) for address in addresses), addresses


async def test_the_newest_message_comes_first(client: httpx.AsyncClient, deliver: Deliver) -> None:
    await deliver(
        {"message_id": "old", "ts": "2026-01-01T00:00:00Z"},
        {"message_id": "new", "ts": "2026-01-03T00:00:00Z"},
        {"message_id": "between", "ts": "2026-01-02T00:00:00Z"},
    )
    html = (await client.get("/")).text
    assert _identifiers(html) == ["new", "between", "old"]
    assert "3 messages" in _shown(html)
    assert 'data-after="3"' in html


async def test_without_messages_it_shows_how_to_send_one_and_no_secret(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    text = _shown((await client.get("/")).text)
    assert "No messages yet." in text
    assert '-hmac "$WEBHOOK_SECRET"' in text
    assert "curl http://t/webhook" in text
    assert settings.webhook_secret
    assert settings.webhook_secret.value not in text


async def test_an_address_that_a_shell_would_expand_is_quoted(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"Host": "[::1]:8000"})
    assert "curl 'http://[::1]:8000/webhook' -H" in _shown(answer.text)


async def test_how_to_send_one_goes_over_tls_where_the_browser_did(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/", headers={"X-Forwarded-Proto": "https"})
    assert "curl https://t/webhook" in _shown(answer.text)


async def test_how_to_send_one_follows_the_scheme(serve: Serve, settings: Settings) -> None:
    standard = msgspec.structs.replace(
        settings,
        webhook_scheme=WebhookScheme.STANDARD,
        webhook_secret=Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    )
    async with serve(configured=standard) as client:
        assert "lyftr sign --curl --url http://t/webhook" in _shown((await client.get("/")).text)


async def test_a_host_that_is_no_ordinary_one_is_not_put_into_commands(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/", headers={"Host": "t$(id)"})
    assert "$(id)" not in answer.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=hello", ["c", "a"]),
        ("q=HELLO&from=%2B911", ["a"]),
        ("from=911", ["a"]),
        ("from=%2B9+1-1", ["a"]),
        ("to=%2B142", ["c", "b"]),
        ("since=2026-01-02T00:00", ["c", "b"]),
        ("since=2026-01-02T00:00:00&until=2026-01-03T00:00:00Z", ["b"]),
        ("q=&from=&to=&since=&until=", ["c", "b", "a"]),
        ("q=nowhere", []),
    ],
)
async def test_a_view_has_the_messages_that_pass_its_filters(
    client: httpx.AsyncClient, deliver: Deliver, query: str, expected: list[str]
) -> None:
    await deliver(
        {"message_id": "a", "sender": "+911", "recipient": "+141", "ts": "2026-01-01T00:00:00Z"},
        {
            "message_id": "b",
            "sender": "+912",
            "recipient": "+142",
            "ts": "2026-01-02T00:00:00Z",
            "text": "Other",
        },
        {"message_id": "c", "sender": "+912", "recipient": "+142", "ts": "2026-01-03T00:00:00Z"},
    )
    for path in ("/", "/inbox/results", "/inbox/rows"):
        answer = await client.get(f"{path}?{query}")
        assert answer.status_code == 200
        assert _identifiers(answer.text) == expected
        assert ("No message matches." in answer.text) == (path != "/inbox/rows" and not expected)


async def test_what_was_found_is_marked_in_any_case(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"text": f"{'x ' * 200}Große STRASSE & Straße"})
    html = (await client.get("/", params={"q": "strasse"})).text
    assert "<mark>STRASSE</mark> &amp; <mark>Straße</mark>" in html
    assert "…" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}",
        "مرحبا \u202e abc",
        "👩‍👩‍👧 🏳️‍🌈",
        "&lt;b&gt;",
        "x" * 4096,
    ],
)
async def test_a_text_is_shown_as_it_is(
    client: httpx.AsyncClient, deliver: Deliver, text: str
) -> None:
    await deliver({"text": text})
    html = ""
    for path in ("/", "/?q=a", "/?message=m1", "/inbox/message?message=m1"):
        html = (await client.get(path)).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    shown = unescape(re.sub(r"</?mark>", "", html))
    assert f'dir="auto">{text}</p>' in shown


@pytest.mark.parametrize("text", [None, "", " \n\t "])
async def test_a_text_that_is_none_is_no_empty_line(
    client: httpx.AsyncClient, deliver: Deliver, text: str | None
) -> None:
    await deliver({"text": text})
    assert "no text" in _shown((await client.get("/inbox/rows")).text)


@pytest.mark.parametrize(
    "message_id", ["a/b", "..", ".", _LONG, "é 👍", "%2F", "a&message=b", "m+1"]
)
async def test_a_message_of_any_identifier_is_found_at_its_link(
    client: httpx.AsyncClient, deliver: Deliver, message_id: str
) -> None:
    await deliver({"message_id": message_id, "text": "the one"})
    html = (await client.get("/")).text
    assert _identifiers(html) == [message_id]
    (link,) = re.findall(r'href="(/[^"]*)" data-message', html)
    page = (await client.get(unescape(link))).text
    assert "<dialog" in page
    assert "the one</p>" in page
    (json,) = re.findall(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)
    item = msgspec.json.decode(unescape(json))
    assert item == (await client.get("/messages")).json()["items"][0]


async def test_a_message_that_is_not_there_is_said_to_be_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/inbox/message", params={"message": "none"})
    assert answer.status_code == 404
    assert "No such message" in answer.text
    assert (await client.get("/", params={"message": "none"})).status_code == 200


async def test_rows_go_on_to_the_last_message(client: httpx.AsyncClient, deliver: Deliver) -> None:
    await deliver(*({"message_id": f"m{n:03}"} for n in range(180)))
    answer = await client.get("/?to=%2B14155550100")
    found = _identifiers(answer.text)
    while links := re.findall(r'hx-get="(/inbox/rows[^"]*)"', answer.text):
        answer = await client.get(unescape(links[0]))
        found += _identifiers(answer.text)
    assert found == [f"m{n:03}" for n in reversed(range(180))]


async def test_rows_go_on_behind_a_message_that_is_named(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver(*({"message_id": f"m{n}"} for n in range(4)))
    query = {"behind": "2026-01-15T09:28:35Z", "id": "m2"}
    assert _identifiers((await client.get("/inbox/rows", params=query)).text) == ["m1", "m0"]
    page = (await client.get("/", params=query)).text
    assert _identifiers(page) == ["m1", "m0"]
    assert "Back to the newest" in page
    assert "data-after" not in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=x", "must be an E.164 phone number"),
        ("since=yesterday", "must be an RFC 3339 time"),
        ("q=" + "x" * 257, "at most 256 characters"),
        ("q=%FF", "must be valid UTF-8"),
        ("q=a&q=b", "must be given once"),
        ("cursor=x", "This page"),
    ],
)
async def test_what_cannot_be_searched_for_is_said_in_words(
    client: httpx.AsyncClient, query: str, words: str
) -> None:
    for path in ("/", "/inbox/results"):
        answer = await client.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert words in _shown(answer.text)
        assert answer.headers["content-type"].startswith("text/html")
    assert (await client.get(f"/inbox/rows?{query}")).status_code == 422


@pytest.mark.parametrize("path", ["/", "/inbox/results", "/inbox/rows", "/inbox/figures"])
async def test_that_the_store_does_not_answer_is_said_in_words(serve: Serve, path: str) -> None:
    async with serve(_Unreadable(StorageUnavailable("canary of the inside"))) as client:
        for headers in ({}, _PART):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.headers.get_list("content-security-policy") == [PAGE_POLICY]
            assert "The messages cannot be read just now." in _shown(answer.text)
            assert ("<html" in answer.text) == (not headers)
            assert "canary" not in answer.text


async def test_too_many_readers_are_told_so(serve: Serve, wire: Callable[..., Container]) -> None:
    container = wire()
    container.reads_in_flight.override(providers.Object(InFlight(0)))
    async with serve(container=container) as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "Too many are reading at once." in _shown(answer.text)


async def test_the_figures_are_those_of_all_messages(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver(*({"message_id": f"m{n}", "sender": f"+9{n % 2 + 1}"} for n in range(3)))
    html = (await client.get("/?q=nowhere")).text
    text = _shown(html)
    assert "Messages3 Senders2 First2026-01-15 09:28:35 Last2026-01-15 09:28:35" in text.replace(
        "> ", ">"
    )
    assert 'href="/?from=%2B91" data-view' in html
    assert html.count("<tr data-since=") == 24
    since, until = "2026-01-15T09:00:00Z", "2026-01-15T10:00:00Z"
    assert f'href="/?since={since}&amp;until={until}" data-view' in html


async def test_an_hour_at_the_end_of_time_has_no_end(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"ts": "9999-12-31T23:59:59Z"})
    html = (await client.get("/inbox/figures")).text
    assert 'href="/?since=9999-12-31T23:00:00Z" data-view' in html


async def test_how_the_service_is_stands_above(client: httpx.AsyncClient, serve: Serve) -> None:
    assert "Ready" in _shown((await client.get("/inbox/health")).text)
    settings = Settings(database_url="sqlite:///unused.db", allowed_hosts=("t",))
    async with serve(BrokenRepository(StorageUnavailable("x")), configured=settings) as broken:
        text = _shown((await broken.get("/inbox/health")).text)
    assert "Not ready" in text
    assert "webhook secretnot configured" in text


async def test_below_a_path_every_address_begins_with_it(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({})
    extensions = {"root_path": "/below", "target": b"/below/?message=m1"}
    html = (await client.get("/", extensions=extensions)).text
    addresses = re.findall(r'\b(?:src|href|action|hx-get)="(/[^"]*)"', html)
    assert addresses
    assert all(address.startswith("/below/") for address in addresses), addresses
