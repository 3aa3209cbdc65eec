"""Several processes that serve on one socket: what they share, and what ends them."""

import multiprocessing
import os
import shutil
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import connection

import structlog
from uvicorn.config import STARTUP_FAILURE

from lyftr_core import StorageError
from lyftr_http.container import Container
from lyftr_http.observability.metrics_files import DeadWorkers, reserve_files
from lyftr_http.observability.metrics_folder import hold_folder, metrics_folder
from lyftr_http.server.supervisor import Workers
from lyftr_runtime.settings import Settings

__all__ = ["Serve", "run_workers"]

Serve = Callable[[Settings, socket.socket, float, str, Callable[[], None]], int]
"""Serves as one of the processes; see `run_workers`."""

_MARGIN = 0.5
"""How much sooner than this process its workers must have ended, in seconds."""


def run_workers(settings: Settings, listening: socket.socket, count: int, serve: Serve) -> int:
    """Serve in several processes until SIGTERM or Ctrl-C.

    Args:
        settings: The configuration.
        listening: What they listen on, all of them.
        count: How many.
        serve: What each does, until its exit status: with the settings, the socket, how long its
            shutdown may take in seconds, the folder of the metrics, and what to call once it is
            ready. It is sent to the processes, so it must be one that pickle can take.

    Returns:
        The exit status.
    """
    with metrics_folder() as directory:
        # Read when a worker imports prometheus_client.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        work = partial(_work, serve, settings, listening, directory)
        log = Container(settings=settings).log()
        forget = partial(_forget_worker, DeadWorkers(directory, log), log)
        # As long as this process listens too, the system takes connections that nobody serves.
        patience = settings.shutdown_timeout
        return Workers(work, count, forget, listening.close, patience).run()


def _work(
    serve: Serve,
    settings: Settings,
    listening: socket.socket,
    directory: str,
    on_ready: Callable[[], None],
) -> None:
    """Serve as one of several processes."""
    ready = threading.Event()
    threading.Thread(target=_end_while_starting, args=(ready, directory), daemon=True).start()
    with suppress(OSError):  # the parent is gone, and this process is about to see that
        hold_folder(directory)
    reserve_files(directory)  # before any metric is made
    container = Container(settings=settings)
    try:
        # What stops the start shows here in one line, rather than in uvicorn.
        container.database().prepare()
    except StorageError as exc:
        container.log().error("a worker cannot start", error=str(exc))
        raise SystemExit(STARTUP_FAILURE) from None
    timeout = settings.shutdown_timeout - _MARGIN
    status = serve(settings, listening, timeout, directory, partial(_say_ready, ready, on_ready))
    parent = multiprocessing.parent_process()
    if parent and not parent.is_alive():
        shutil.rmtree(directory, ignore_errors=True)  # nobody else will
    raise SystemExit(status)


def _end_while_starting(ready: threading.Event, directory: str) -> None:
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
    dead: DeadWorkers,
    log: structlog.typing.FilteringBoundLogger,
    pid: int,
    was_ready: bool,  # noqa: FBT001 - a callback
) -> None:
    dead.bury(pid, was_ready=was_ready)
    if was_ready:
        log.error("a worker died, another takes its place", pid=pid)
