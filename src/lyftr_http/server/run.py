"""Running the application on uvicorn, in this process or in several."""

import gc
import logging
import resource
import signal
import socket
from collections.abc import Callable
from functools import partial

import uvicorn
from dependency_injector import providers
from litestar import Litestar
from uvicorn.config import STARTUP_FAILURE

from lyftr_http.app import create_app
from lyftr_http.container import Container
from lyftr_http.exchange.scope_state import ConnectionPolicy
from lyftr_http.observability.metrics_folder import remove_unused_folders
from lyftr_http.server.graceful import GracefulServer
from lyftr_http.server.listening import limit_unread
from lyftr_http.server.protocol import StrictHttpProtocol
from lyftr_http.server.supervisor import SIGNALS
from lyftr_http.server.workers import run_workers
from lyftr_runtime.logs.logger import route_standard_logging
from lyftr_runtime.settings import Settings

__all__ = ["run_server"]

KEEP_ALIVE = 75
"""How long a connection may be idle after an answer, in seconds: longer than senders and proxies
keep theirs (60 seconds are usual), or one would send just when it is closed."""

_NEW_OBJECTS = 10_000
"""How many more objects than before there are when the garbage collector looks at the new ones."""


def run_server(settings: Settings, listening: socket.socket, workers: int) -> int:
    """Serve until SIGTERM or Ctrl-C, then finish what is in flight.

    Args:
        settings: The configuration.
        listening: From `bind`.
        workers: How many processes; one serves in this very process.

    Returns:
        The exit status.
    """
    _allow_many_files()
    limit_unread(listening, settings.request_timeout)
    remove_unused_folders()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until somebody is there to handle them
    if workers == 1:
        return _serve(settings, listening, settings.shutdown_timeout)
    return run_workers(settings, listening, workers, _serve)


def _allow_many_files() -> None:
    """Take as many file descriptors as the system gives: each connection needs one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _serve(
    settings: Settings,
    listening: socket.socket,
    shutdown_timeout: float,
    metrics_directory: str | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> int:
    container = Container(settings=settings)
    container.metrics_directory.override(providers.Object(metrics_directory))
    config = uvicorn.Config(
        partial(_application, settings, container),
        factory=True,
        http=StrictHttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
    )
    policy = ConnectionPolicy(settings.request_timeout, container.access_log().add)
    end_streams = container.live_log().end
    server = GracefulServer(config, policy, shutdown_timeout, on_ready, end_streams)
    # Before and after uvicorn's own: it raises the signal again once it has shut down.
    for number in SIGNALS:
        signal.signal(number, server.note_exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    server.run(sockets=[listening])
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # it is ending
    return 0 if server.started else STARTUP_FAILURE


def _application(settings: Settings, container: Container) -> Litestar:
    route_standard_logging(container.log(), settings.log_level)
    # These tell each of their steps, and at DEBUG statements with the texts and numbers in them;
    # only what goes wrong is worth a line.
    for name in ("aiosqlite", "alembic", "asyncio", "sqlalchemy", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    app = create_app(settings, container)
    _spare_the_collector()
    return app


def _spare_the_collector() -> None:
    """Keep the garbage collector from walking again and again through what is no garbage.

    Modules, routes and metrics stay as long as the process: to walk through them all would stop it
    for some 50 ms each time. And where many webhooks wait for one commit, the objects of these are
    more than the usual 700 after which it begins.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
