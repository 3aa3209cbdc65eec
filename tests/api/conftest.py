"""The whole application in this process, on a real file, asked as a server would ask it."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import unquote

import httpx
import pytest
from dependency_injector import providers

from lyftr_core import HexHmacSha256, InMemoryMessageRepository
from lyftr_http.api.openapi import openapi_document
from lyftr_http.app import create_app
from lyftr_http.container import Container
from lyftr_runtime.settings import Secret, Settings
from tests.support.migrated import new_databases_from_a_template
from tests.support.patience import answers_have_time

__all__ = ["answers_have_time", "new_databases_from_a_template"]

_SECRET = "canary-secret-0123456789"
_NOW = datetime(2026, 1, 15, 12, 30, 15, 250_000, tzinfo=UTC)
_MESSAGE: dict[str, object] = {
    "message_id": "m1",
    "from": "+919876543210",
    "to": "+14155550100",
    "ts": "2026-01-15T09:28:35Z",
    "text": "Hello",
}


class _Server(httpx.AsyncBaseTransport):
    """Hands requests to an application as uvicorn does, and its answers back untouched.

    The extension `target` is asked for instead of the URL, byte for byte; `root_path` says where
    the application is mounted, as `target` does too. A body that raises
    `ConnectionError` is that of a client which went away. The answer's extension `read` says how
    many bytes of the body were taken.
    """

    def __init__(self, app: object) -> None:
        self._app: Any = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        target: bytes = request.extensions.get("target", request.url.raw_path)
        raw_path, _, query = target.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": "http",
            "path": unquote(raw_path.decode("latin-1")),
            "raw_path": raw_path,
            "query_string": query,
            "server": ("t", 80),
            "client": ("127.0.0.1", 1),
            "root_path": request.extensions.get("root_path", ""),
        }
        exchange = _Exchange(cast("httpx.AsyncByteStream", request.stream))
        # In a task of its own, as a server does it.
        await asyncio.create_task(self._app(scope, exchange.receive, exchange.send))
        # What follows sees what is done in the next turns of the loop: the access log, the log.
        await asyncio.sleep(0)
        return exchange.response()


class _Exchange:
    """One request's body on its way in, and its answer on its way out."""

    def __init__(self, body: httpx.AsyncByteStream) -> None:
        self._body = aiter(body)
        self._read = 0
        self._sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        try:
            piece = await anext(self._body)
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}
        except ConnectionError:
            return {"type": "http.disconnect"}
        self._read += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(self, event: dict[str, Any]) -> None:
        self._sent.append(event)

    def response(self) -> httpx.Response:
        head, *rest = self._sent
        assert [head["type"], rest[-1].get("more_body", False)] == ["http.response.start", False]
        return httpx.Response(
            head["status"],
            headers=head["headers"],
            stream=httpx.ByteStream(b"".join(event.get("body", b"") for event in rest)),
            extensions={"read": self._read},
        )


class _FakeStore:
    """What the container asks of a store, over ports that a test may make fail."""

    path = Path("nowhere")
    waiting = 0

    def __init__(self, repository: InMemoryMessageRepository) -> None:
        self.writer = self.reader = self.probe = repository

    async def open(self) -> None:
        """Nothing is to be opened."""

    async def close(self) -> None:
        """Nothing is to be closed."""


@asynccontextmanager
async def _running(app: Any) -> AsyncIterator[None]:  # noqa: ANN401 - any ASGI application
    """The lifespan of an application, in a task of its own as with a server."""
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan"}, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    if (await outbox.get())["type"] != "lifespan.startup.complete":
        await task
    yield
    await inbox.put({"type": "lifespan.shutdown"})
    await task


_documents: dict[object, Any] = {}


def _document(routes: Any, dependencies: Any, scheme: Any) -> Any:  # noqa: ANN401 - as it is called
    key = scheme, any(getattr(route, "security", None) for route in routes)
    if key not in _documents:
        _documents[key] = openapi_document(routes, dependencies, scheme)
    return _documents[key]


@pytest.fixture(autouse=True)
def one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the OpenAPI document once for each scheme, and with tokens: it is half of a start."""
    monkeypatch.setattr("lyftr_http.app.openapi_document", _document)


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[logging.Logger]:
    """The root of the standard library's logging, put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        webhook_secret=Secret(_SECRET),
        database_url=f"sqlite:///{tmp_path / 'inbox.db'}",
        allowed_hosts=("t",),
    )


@pytest.fixture
def output() -> io.BytesIO:
    """What the application writes to standard output."""
    return io.BytesIO()


@pytest.fixture
def lines(output: io.BytesIO) -> Callable[[], list[dict[str, Any]]]:
    """Returns the lines of the log so far; each must be a JSON object."""
    return lambda: [json.loads(line) for line in output.getvalue().splitlines()]


@pytest.fixture
def wire(settings: Settings, output: io.BytesIO) -> Callable[..., Container]:
    """Makes a container whose clock stands still and whose log goes to `output`."""

    def make(
        repository: InMemoryMessageRepository | None = None, configured: Settings = settings
    ) -> Container:
        container = Container(settings=configured)
        container.clock.override(providers.Object(lambda: _NOW))
        if repository:
            database = SimpleNamespace(store=_FakeStore(repository), listing_reader=repository)
            container.database.override(providers.Object(database))
        stdout = io.TextIOWrapper(output)
        with redirect_stdout(stdout):
            container.log()
        stdout.detach()  # or the wrapper would close what the log goes on writing to
        return container

    return make


@pytest.fixture
def serve(
    wire: Callable[..., Container], settings: Settings
) -> Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]:
    """Opens an application and a client of it; a repository given takes the database's place.

    A container given is used as it is.
    """

    @asynccontextmanager
    async def open_client(
        repository: InMemoryMessageRepository | None = None,
        configured: Settings = settings,
        container: Container | None = None,
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(configured, container or wire(repository, configured))
        client = httpx.AsyncClient(transport=_Server(app), base_url="http://t")
        async with _running(app), client:
            yield client

    return open_client


@pytest.fixture
def transport() -> Callable[[object], httpx.AsyncBaseTransport]:
    """Makes the transport of a client that asks an ASGI application as a server does."""
    return _Server


@pytest.fixture
async def client(
    serve: Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]],
) -> AsyncIterator[httpx.AsyncClient]:
    async with serve() as opened:
        yield opened


@pytest.fixture
def sign() -> Callable[[bytes], str]:
    """Returns the right signature of a body."""
    return HexHmacSha256(_SECRET).sign


@pytest.fixture
def signed(sign: Callable[[bytes], str]) -> Callable[..., dict[str, Any]]:
    """Returns the arguments of a signed POST, of a body or of a message with other fields.

    A field that is `...` is left out; `sender` and `recipient` stand for `from` and `to`.
    """
    names = {"sender": "from", "recipient": "to"}

    def make(body: bytes | None = None, **changes: object) -> dict[str, Any]:
        fields = _MESSAGE | {names.get(name, name): value for name, value in changes.items()}
        given = {name: value for name, value in fields.items() if value is not ...}
        content = json.dumps(given).encode() if body is None else body
        return {"content": content, "headers": {"X-Signature": sign(content)}}

    return make


@pytest.fixture
def deliver(
    client: httpx.AsyncClient, signed: Callable[..., dict[str, Any]]
) -> Callable[..., Awaitable[None]]:
    """Delivers messages one after another, each given by what it has of its own."""

    async def post(*messages: dict[str, object]) -> None:
        for message in messages:
            assert (await client.post("/webhook", **signed(**message))).status_code == 200

    return post
