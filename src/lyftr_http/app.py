"""The application: routes, error answers, observation and lifespan around the container."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from functools import cache
from threading import Lock
from typing import Any

from lyftr_core.extras import require_extra

require_extra(
    *("lyftr_http", "server"),
    *("dependency_injector", "litestar", "structlog", "prometheus_client", "jinja2"),
)

from dependency_injector import containers, providers
from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from lyftr_core import StorageUnavailable
from lyftr_http.api import swagger_ui
from lyftr_http.api.message_data import documentation, message_data
from lyftr_http.api.openapi import openapi_document
from lyftr_http.api.service import get_live, get_metrics, get_ready
from lyftr_http.api.thin_webhook import ThinWebhook
from lyftr_http.api.webhook import receive_webhook
from lyftr_http.container import Container
from lyftr_http.exchange.answer import MEDIA_TYPE, Answer
from lyftr_http.exchange.body import MAX_BODY_SIZE
from lyftr_http.exchange.errors import NotRunning, answer_to
from lyftr_http.exchange.headers import StrippedHeaders
from lyftr_http.exchange.paths import SegmentRouting
from lyftr_http.exchange.representations import Problem, encode
from lyftr_http.exchange.scope_state import request_record
from lyftr_http.observability.metrics import Metrics
from lyftr_http.observability.observation import Observation
from lyftr_http.page.login_routes import log_in, log_out, show_login
from lyftr_http.page.routes import pages
from lyftr_http.page.static_files import get_static_file
from lyftr_http.page.templates import load_templates
from lyftr_runtime.background import background
from lyftr_runtime.settings import InvalidSettings, Settings
from lyftr_runtime.settings_check import check_settings

__all__ = ["MAX_BODY_SIZE", "Settings", "create_app"]

_OPEN_ROUTES = [receive_webhook, get_live, get_ready, get_metrics]
"""They show no message data."""
_UNDESCRIBED_ROUTES = [get_static_file, show_login, log_in, log_out]
"""As those above, but no part of the API."""
_INJECTED = (
    "ingest_message",
    "list_messages",
    "get_message",
    "read_log",
    "event_streams",
    "compute_stats",
    "check_readiness",
    "metrics_text",
    "read_access",
    "sessions",
    "inbox",
    "settings",
    "reads_in_flight",
    "webhooks_in_flight",
)
_QUEUE_INTERVAL = 1.0
"""How often the length of the queue is looked at, in seconds."""


def create_app(settings: Settings, container: Container | None = None) -> Litestar:
    """Make an application. Nothing is opened before its lifespan begins.

    An application that mounts this one must run its lifespan, as in
    `async with app.lifespan(): yield`; else every request is answered 503. One lifespan of a wiring
    runs at a time, a further one after it has ended.

    Args:
        settings: The configuration. Without `api_tokens` whoever reaches the application may read;
            then requests must name a loopback host, `host` or one of `allowed_hosts`, unless
            `allow_anonymous_reads` is set.
        container: Another wiring than the usual one, for tests and for embedding.

    Raises:
        TypeError: The settings or the container are something else.
        InvalidSettings: A setting has a value that no variable could have set.
    """
    check_settings(settings)
    if container is not None and not isinstance(container, containers.DynamicContainer):
        kind = type(container).__name__
        raise TypeError(f"the container must be an instance of Container, not {kind}")
    wiring = container or Container(settings=settings)
    _require_database(wiring)
    dependencies = {name: _provide(wiring.providers[name]) for name in _INJECTED}
    routes: list[HTTPRouteHandler | Router] = [
        *_OPEN_ROUTES,
        message_data(wiring.read_access(), wiring.allowed_hosts()),
        pages(wiring.read_access(), wiring.allowed_hosts()),
    ]
    document = cache(
        lambda: encode(openapi_document(routes, dependencies, settings.webhook_scheme))
    )
    app = _Application(
        wiring.running(),
        route_handlers=[*routes, documentation(wiring.allowed_hosts()), *_UNDESCRIBED_ROUTES],
        # Said here, since Litestar otherwise asks the environment, and would show tracebacks.
        debug=False,
        pdb_on_exception=False,
        dependencies={**dependencies, "document": Provide(document, sync_to_thread=False)},
        exception_handlers={Exception: _answer_error},
        lifespan=[_lifespan(wiring, lambda: _load(wiring, document), lambda: answering)],
        logging_config=None,
        openapi_config=None,
    )
    routing = StrippedHeaders(SegmentRouting(app.asgi_handler))
    webhooks = ThinWebhook(routing, wiring.ingest_message, wiring.webhooks_in_flight())
    answering = Observation(webhooks, wiring.access_log())
    # The lifespan puts it in place, so that no request has to look whether it runs.
    app.asgi_handler = Observation(_refusing(routing), wiring.access_log())
    return app


class _Application(Litestar):
    """Refuses a second lifespan, whose end would close the database of the first."""

    def __init__(self, running: Lock, **options: Any) -> None:  # noqa: ANN401 - as Litestar has them
        super().__init__(**options)
        self._running = running

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Run the application.

        Raises:
            RuntimeError: It runs already.
        """
        # Before Litestar begins anything, since its emitter of events does not stand a second one.
        if not self._running.acquire(blocking=False):
            raise RuntimeError(
                "the lifespan of this lyftr application is running already: run it once for each"
                " application that create_app makes"
            )
        try:
            async with super().lifespan():
                yield
        finally:
            self._running.release()


def _answer_error(request: Request[Any, Any, Any], exc: Exception) -> Response[bytes]:
    """Note an error and answer it in JSON; errors of Litestar, such as 404 and 405, as it says."""
    request_record(request.scope).error = exc
    if isinstance(exc, HTTPException):
        answer = Answer(exc.status_code, Problem(exc.detail), exc.headers)
    else:
        answer = answer_to(exc)
    return Response(
        answer.body, status_code=answer.status, headers=answer.headers, media_type=MEDIA_TYPE
    )


def _refusing(app: ASGIApp) -> ASGIApp:
    """Refuse every request; leave other events to the application."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            raise NotRunning
        await app(scope, receive, send)

    return refuse


def _require_database(container: Container) -> None:
    """See that the database is one that is known; nothing is opened.

    Raises:
        InvalidSettings: It is not.
    """
    try:
        container.database()
    except InvalidSettings:
        raise
    except ValueError as exc:
        raise InvalidSettings(f"database_url {exc}") from None


def _provide(provider: providers.Provider[Any]) -> Provide:
    return Provide(lambda: provider(), sync_to_thread=False)  # noqa: PLW0108 - see ADR 0003


async def _load(container: Container, document: Callable[[], bytes]) -> None:
    """Read and make now what would have to be opened later, when no descriptor may be left."""
    load_templates()
    swagger_ui.load()
    document()
    with suppress(StorageUnavailable):  # a connection that reads; readiness tells if there is none
        await container.listing_reader().last_seq()


def _lifespan(
    container: Container, load: Callable[[], Awaitable[None]], answering: Callable[[], ASGIApp]
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def open_store(app: Litestar) -> AsyncIterator[None]:
        refusing = app.asgi_handler
        store = container.store()
        await store.open()
        try:
            async with background(
                _watch_queue(lambda: store.waiting, container.metrics()), "queue"
            ):
                await load()
                async with _retention(container):
                    app.asgi_handler = answering()
                    yield
        finally:
            app.asgi_handler = refusing
            await container.live_log().close()
            await container.metrics_text().close()
            await store.close()
            container.access_log().flush()

    return open_store


def _retention(container: Container) -> AbstractAsyncContextManager[None]:
    if container.settings().retention_days == 0:
        return nullcontext()
    return container.retention().running(container.metrics_directory())


async def _watch_queue(depth: Callable[[], int], metrics: Metrics) -> None:
    """Say again and again how long the queue is: while a commit hangs, nothing else would."""
    while True:
        metrics.set_queue_depth(depth())
        await asyncio.sleep(_QUEUE_INTERVAL)
