"""Out of file descriptors, pages and scripts are there, whether they were used before or not."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NoReturn

import httpx
import msgspec
import pytest
from prometheus_client import values

from lyftr_http.api import swagger_ui
from lyftr_http.app import create_app
from lyftr_http.observability import metrics_files
from lyftr_http.observability.metrics import Metrics
from lyftr_http.page import static_files, templates
from lyftr_runtime.settings import Secret, Settings
from tests.support.descriptors import no_descriptors

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

_PAGES = [
    *("/", "/inbox/results", "/inbox/rows", "/inbox/message?message=m1", "/inbox/figures"),
    *("/inbox/health", "/docs", "/schema/openapi.json", "/messages", "/messages/m1", "/stats"),
    *("/health/live", "/health/ready", "/metrics"),
    *(f"/docs/{name}" for name in swagger_ui.FILES),
    *(f"/static/x/{name}" for name in static_files.STATIC_FILES),
]
_OTHERS = {
    "/inbox/message": 404,
    "/nowhere": 404,
    "/docs/none": 404,
    "/?cursor=x": 422,
    "/?from=x": 422,
    "/inbox/rows?cursor=x": 422,
    "/messages?limit=0": 422,
    "/webhook": 405,
}


def _broken() -> NoReturn:
    """Stand for templates of which none can be rendered."""
    raise LookupError("unforeseen")


@pytest.fixture(autouse=True)
def one_document() -> None:
    """Here each application makes its own, as a server does."""


@pytest.fixture
def unused() -> None:
    """Nothing that other tests have made this process load."""
    for cached in (
        *(static_files.read_static_file, static_files.static_version),
        *(swagger_ui.read, templates._environment),
    ):
        cached.cache_clear()


@pytest.fixture
def of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which the metrics made now keep their values, as those of workers do."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    kind: Any = values.MultiProcessValue()  # type: ignore[no-untyped-call] # it has no annotations
    monkeypatch.setattr(values, "ValueClass", kind)
    yield tmp_path
    kind.close_all_files()


async def test_what_was_not_used_before_is_answered_without_a_descriptor(
    unused: None, serve: Serve, signed: Callable[..., dict[str, Any]]
) -> None:
    async with serve() as client:
        with no_descriptors():
            webhook = await client.post("/webhook", **signed())
            found = {path: (await client.get(path)).status_code for path in (*_PAGES, *_OTHERS)}
            heads = [(await client.head(path)).status_code for path in ("/", "/docs", "/metrics")]
    assert webhook.status_code == 200
    assert found == dict.fromkeys(_PAGES, 200) | _OTHERS
    assert heads == [200] * 3


async def test_who_must_log_in_can_do_so_without_a_descriptor(
    unused: None, serve: Serve, settings: Settings
) -> None:
    guarded = msgspec.structs.replace(settings, api_tokens=(Secret("canary-token"),))
    async with serve(configured=guarded) as client:
        with no_descriptors():
            assert (await client.get("/", headers={"Accept": "text/html"})).status_code == 303
            assert (await client.get("/login")).status_code == 200
            assert (await client.post("/login", data={"token": "x"})).status_code == 401
            assert (await client.post("/login", data={"token": "canary-token"})).status_code == 303
            assert (await client.get("/")).status_code == 200


async def test_an_unforeseen_error_is_logged_with_its_traceback_without_a_descriptor(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    async with serve() as client:
        monkeypatch.setattr(templates, "_environment", _broken)
        with no_descriptors():
            assert (await client.get("/")).status_code == 500
    (line,) = (line for line in lines() if line["event"] == "request")
    assert "LookupError: unforeseen" in line["exception"]


def test_every_label_is_counted_without_a_descriptor(of_workers: Path, settings: Settings) -> None:
    metrics_files.reserve_files(str(of_workers))
    paths = ["unmatched", *(route.path_format for route in create_app(settings).routes)]
    metrics = Metrics(str(of_workers))
    with no_descriptors():
        for path in paths:
            for method in ("GET", "HEAD", "POST", "OPTIONS", "other"):
                for status in (200, 404, 405, 422, 499, 503):
                    metrics.count_request(method, path, status, 0.1)
    sizes = {
        kind: (of_workers / f"{kind}_{os.getpid()}.db").stat().st_size
        for kind in metrics_files._RESERVED
    }
    assert sizes == metrics_files._RESERVED  # none had to grow
    text = metrics.render().decode()
    assert text.count("\nhttp_requests_total{") == 30 * len(paths)


def test_metrics_of_workers_that_cannot_be_read_are_an_error(of_workers: Path) -> None:
    metrics = Metrics(str(of_workers))
    with no_descriptors(), pytest.raises(OSError, match="Too many open files"):
        metrics.render()
    assert b"webhook_requests_total" in metrics.render()
