"""`GET /metrics`: what is counted, and under which labels."""

import asyncio
import fcntl
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from dependency_injector import providers
from prometheus_client.parser import text_string_to_metric_families

from lyftr_core import InMemoryMessageRepository, StorageUnavailable
from lyftr_http.app import create_app
from lyftr_http.container import Container
from lyftr_http.observability import access_log
from lyftr_http.observability.shared_rendering import SharedRendering
from lyftr_runtime.settings import Settings

Deliver = Callable[..., Awaitable[None]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]
Values = dict[tuple[str, ...], float]

_RESULTS = [
    *("created", "duplicate", "conflict"),
    *("invalid_signature", "validation_error", "unavailable", "error"),
]


async def _values(client: httpx.AsyncClient, name: str) -> Values:
    """The values of a metric, by its labels in the order of their names."""
    text = (await client.get("/metrics")).text
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def test_content_type_is_that_of_the_text_format(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    media, *parameters = answer.headers["content-type"].split("; ")
    assert media == "text/plain"
    assert [parameter.partition("=")[0] for parameter in parameters] == ["version", "charset"]
    assert parameters[1] == "charset=utf-8"
    assert answer.text.endswith("\n")


async def test_every_result_of_webhooks_is_there_from_the_start_at_zero(
    client: httpx.AsyncClient,
) -> None:
    values = await _values(client, "webhook_requests_total")
    assert values == {(result,): 0.0 for result in _RESULTS}


async def test_each_webhook_is_counted_by_its_result(
    client: httpx.AsyncClient, deliver: Deliver, signed: Signed
) -> None:
    await deliver({}, {}, {}, {"text": "other"}, {"message_id": "m2"})
    await client.post("/webhook", content=b"{}")
    await client.post("/webhook", **signed(b"not json"))
    await client.post("/webhook", **signed(text=1, sender=1))
    assert await _values(client, "webhook_requests_total") == {
        ("created",): 2.0,
        ("duplicate",): 2.0,
        ("conflict",): 1.0,
        ("invalid_signature",): 1.0,
        ("validation_error",): 2.0,
        ("unavailable",): 0.0,
        ("error",): 0.0,
    }


async def test_webhook_that_could_not_be_committed_is_counted_unavailable(
    serve: Serve, signed: Signed
) -> None:
    class Full(InMemoryMessageRepository):
        async def add(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - it never returns
            raise StorageUnavailable("full")

    async with serve(Full()) as client:
        await client.post("/webhook", **signed())
        values = await _values(client, "webhook_requests_total")
    assert {key for key, value in values.items() if value} == {("unavailable",)}


async def test_webhook_that_failed_unforeseen_is_counted_error(
    serve: Serve, signed: Signed
) -> None:
    class Broken(InMemoryMessageRepository):
        async def add(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - it never returns
            raise LookupError("unforeseen")

    async with serve(Broken()) as client:
        await client.post("/webhook", **signed())
        values = await _values(client, "webhook_requests_total")
    assert {key for key, value in values.items() if value} == {("error",)}


async def test_requests_are_counted_by_method_template_and_status(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "a/b"})
    for path in ("/messages/a%2Fb", "/messages/x", "/messages/y", "/messages/%FF"):
        await client.get(path)
    await client.get("/messages?limit=1")
    await client.get("/messages?limit=0")
    await client.head("/stats")
    await client.get("/health/live")
    assert await _values(client, "http_requests_total") == {
        ("POST", "/webhook", "200"): 1.0,
        ("GET", "/messages/{message_id}", "200"): 1.0,
        ("GET", "/messages/{message_id}", "404"): 2.0,
        ("GET", "/messages/{message_id}", "422"): 1.0,
        ("GET", "/messages", "200"): 1.0,
        ("GET", "/messages", "422"): 1.0,
        ("HEAD", "/stats", "200"): 1.0,
        ("GET", "/health/live", "200"): 1.0,
    }


async def test_what_matches_no_route_is_counted_under_one_constant_label(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/x/", "/x", "/y?z=1", "/messages/a/b", "/webhook/x", "/%FF"):
        assert (await client.get(path)).status_code == 404
    values = await _values(client, "http_requests_total")
    assert list(values.values()) == [6.0]
    ((_, label, status),) = values
    assert status == "404"
    assert not label.startswith("/")


async def test_405_and_413_are_counted(client: httpx.AsyncClient) -> None:
    await client.get("/webhook")
    await client.post("/webhook", content=bytes(70_000))
    values = await _values(client, "http_requests_total")
    assert sorted((method, status) for method, _, status in values) == [
        ("GET", "405"),
        ("POST", "413"),
    ]
    assert ("POST", "/webhook", "413") in values


async def test_methods_that_no_route_has_are_counted_as_other(client: httpx.AsyncClient) -> None:
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "FOO", "get", "PROPFIND"):
        for path in ("/stats", "/x"):
            await client.request(method, path)
    for name in ("http_requests_total", "http_request_duration_seconds_count"):
        values = await _values(client, name)
        methods = {method: count for (method, *_), count in values.items() if method != "GET"}
        assert (set(methods), sum(values.values())) == ({"other"}, 14.0 + (name[-1] == "t"))


def test_all_other_methods_are_those_of_routes(settings: Settings) -> None:
    routes = create_app(settings).routes
    methods = {str(method) for route in routes for method in getattr(route, "methods", ())}
    assert methods == access_log._METHODS


async def test_durations_are_counted_by_method_and_template(client: httpx.AsyncClient) -> None:
    await client.get("/messages/a")
    await client.get("/messages/b")
    await client.get("/x")
    counts = await _values(client, "http_request_duration_seconds_count")
    assert counts[("GET", "/messages/{message_id}")] == 2.0
    assert sum(counts.values()) == 3.0
    sums = await _values(client, "http_request_duration_seconds_sum")
    assert 0 < sums[("GET", "/messages/{message_id}")] < 10


async def test_the_scrape_itself_is_counted_by_the_next(client: httpx.AsyncClient) -> None:
    assert await _values(client, "http_requests_total") == {}
    assert await _values(client, "http_requests_total") == {("GET", "/metrics", "200"): 1.0}


async def test_applications_in_one_process_count_apart(serve: Serve, signed: Signed) -> None:
    stores = InMemoryMessageRepository(), InMemoryMessageRepository()
    async with serve(stores[0]) as one, serve(stores[1]) as other:
        await one.post("/webhook", **signed())
        assert (await _values(one, "webhook_requests_total"))[("created",)] == 1.0
        assert (await _values(other, "webhook_requests_total"))[("created",)] == 0.0


@pytest.mark.parametrize("canary", ["canary-4711", "%2B4711471147"])
async def test_no_label_holds_what_a_client_sent(
    client: httpx.AsyncClient, deliver: Deliver, canary: str
) -> None:
    await deliver({"message_id": canary, "text": canary})
    await client.get(f"/messages/{canary}")
    await client.get(f"/{canary}?q={canary}")
    assert canary not in (await client.get("/metrics")).text


async def test_the_wait_for_a_lock_and_the_size_of_the_log_are_measured(
    client: httpx.AsyncClient,
    deliver: Deliver,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.INTERVAL", 0.01)
    assert await _values(client, "sqlite_lock_wait_seconds") == {("copying",): 0.0, ("turn",): 0.0}
    assert await _values(client, "sqlite_log_size_bytes") == {(): 0.0}

    async def wait() -> float:
        await asyncio.sleep(0.01)
        return (await _values(client, "sqlite_lock_wait_seconds"))[("copying",)]

    with (tmp_path / "inbox.db-copy-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        await deliver({})
        while await wait() == 0.0:
            pass
    assert (await _values(client, "sqlite_log_size_bytes"))[()] > 0.0
    while await wait() > 0.0:
        pass


async def test_while_metrics_are_rendered_other_requests_are_answered(
    serve: Serve, wire: Callable[..., Container], signed: Signed
) -> None:
    let = threading.Event()

    def render() -> bytes:
        return b"# text\n" if let.wait(120) else b"# nobody let it\n"

    container = wire()
    container.metrics_text.override(providers.Object(SharedRendering(render)))
    async with serve(container=container) as client:
        scrape = asyncio.create_task(client.get("/metrics"))
        await asyncio.sleep(0.01)
        assert (await client.post("/webhook", **signed())).status_code == 200
        assert not scrape.done()
        let.set()
        assert (await scrape).text == "# text\n"


async def test_metrics_that_cannot_be_read_are_unavailable_and_the_log_says_why(
    serve: Serve, wire: Callable[..., Container], lines: Callable[[], list[dict[str, Any]]]
) -> None:
    def render() -> bytes:
        raise OSError("too many open files")

    container = wire()
    container.metrics_text.override(providers.Object(SharedRendering(render)))
    async with serve(container=container) as client:
        answer = await client.get("/metrics")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    (line,) = (line for line in lines() if line["event"] == "request")
    assert (line["level"], line["error"]) == (
        "warning",
        "the metrics cannot be read: too many open files",
    )
