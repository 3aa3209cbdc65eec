"""Running the application on uvicorn, in this process or in several."""

import errno
import gc
import logging
import multiprocessing
import os
import resource
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import connection
from pathlib import Path

import structlog
import uvicorn
from dependency_injector import providers
from litestar import Litestar
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.config import STARTUP_FAILURE

from lyftr_core import StorageError
from lyftr_http.app import create_app
from lyftr_http.connection_policy import ConnectionPolicy
from lyftr_http.container import Container
from lyftr_http.graceful_server import GracefulServer
from lyftr_http.http_protocol import StrictHttpProtocol
from lyftr_http.logs import route_standard_logging
from lyftr_http.settings import Settings
from lyftr_http.workers import SIGNALS, Workers

__all__ = ["CannotListen", "bind", "run_server"]

BACKLOG = 2048
"""How many connections the system holds until they are accepted."""
KEEP_ALIVE = 75
"""How long a connection may be idle after an answer, in seconds: longer than senders and proxies
keep theirs (60 seconds are usual), or one would send just when it is closed."""

_NEW_OBJECTS = 10_000
"""How many more objects than before there are when the garbage collector looks at the new ones."""
_MARGIN = 0.5
"""How much sooner than this process its workers must have ended, in seconds."""
_TAKEN = 5.0
"""How long an address that is taken is waited for, in seconds: the workers of a server that was
killed let go of it as soon as they see that."""
_RETRY = 0.05
"""How often it is tried again, in seconds."""


class CannotListen(OSError):
    """The address cannot be listened on."""


def bind(host: str, port: int) -> socket.socket:
    """Open the listening socket, so that a taken port shows before anything else starts.

    Raises:
        CannotListen: The address is taken, and still is after five seconds; it is not of this
            machine, or not allowed.
    """
    try:
        return _listen(host, port)
    except socket.gaierror as exc:
        raise CannotListen(f"cannot listen on {host}:{port}: no such host") from exc
    except OSError as exc:
        reason = os.strerror(exc.errno) if exc.errno else exc
        raise CannotListen(f"cannot listen on {host}:{port}: {reason}") from exc
    except (UnicodeError, TypeError, ValueError) as exc:
        raise CannotListen(f"cannot listen on {host}:{port}: no host has such a name") from exc


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + _TAKEN
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY)


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
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until somebody is there to handle them
    if workers == 1:
        return _serve(settings, listening, settings.shutdown_timeout)
    return _run_several(settings, listening, workers)


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
    policy = ConnectionPolicy(settings.request_timeout, container.journal().add)
    server = GracefulServer(config, policy, shutdown_timeout, on_ready)
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


def _run_several(settings: Settings, listening: socket.socket, workers: int) -> int:
    directory = tempfile.mkdtemp(prefix="lyftr-metrics-")
    # Read when a worker imports prometheus_client.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
    work = partial(_work, settings, listening, directory)
    log = Container(settings=settings).log()
    forget = partial(_forget_worker, directory, log)
    try:
        # As long as this process listens too, the system takes connections that nobody serves.
        patience = settings.shutdown_timeout
        return Workers(work, workers, forget, listening.close, patience).run()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _work(
    settings: Settings, listening: socket.socket, directory: str, on_ready: Callable[[], None]
) -> None:
    """Serve as one of several processes."""
    ready = threading.Event()
    threading.Thread(target=_end_with_parent, args=(ready, directory), daemon=True).start()
    container = Container(settings=settings)
    try:
        container.migrate()  # what stops the start shows here in one line, rather than in uvicorn
    except StorageError as exc:
        container.log().error("a worker cannot start", error=str(exc))
        raise SystemExit(STARTUP_FAILURE) from None
    timeout = settings.shutdown_timeout - _MARGIN
    status = _serve(settings, listening, timeout, directory, partial(_say_ready, ready, on_ready))
    parent = multiprocessing.parent_process()
    if parent and not parent.is_alive():
        shutil.rmtree(directory, ignore_errors=True)  # nobody else will
    raise SystemExit(status)


def _end_with_parent(ready: threading.Event, directory: str) -> None:
    """End a worker that is still starting when the process that started it is gone.

    It has nothing to finish, but holds the listening socket, which the next server needs. Once it
    is ready, its server sees to that.
    """
    parent = multiprocessing.parent_process()
    if parent:
        connection.wait([parent.sentinel])
        if not ready.is_set():
            shutil.rmtree(directory, ignore_errors=True)
            os._exit(0)


def _say_ready(ready: threading.Event, on_ready: Callable[[], None]) -> None:
    ready.set()
    with suppress(BrokenPipeError):  # the parent is gone: the server is about to see that
        on_ready()


def _forget_worker(
    directory: str,
    log: structlog.typing.FilteringBoundLogger,
    pid: int,
    was_ready: bool,  # noqa: FBT001 - a callback
) -> None:
    """Keep what a worker has counted, but not what it said of its present."""
    mark_process_dead(pid, directory)  # type: ignore[no-untyped-call] # it has no annotations
    if was_ready:
        log.error("a worker died, another takes its place", pid=pid)
        return
    for kind in ("counter", "histogram"):
        Path(directory, f"{kind}_{pid}.db").unlink(missing_ok=True)
