"""Running the application on uvicorn, in this process or in several."""

import gc
import logging
import os
import signal
import socket
from functools import partial

import uvicorn
from litestar import Litestar
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from lyftr_http.app import create_app
from lyftr_http.container import Container
from lyftr_http.http_protocol import StrictHttpProtocol
from lyftr_http.logs import route_standard_logging
from lyftr_http.settings import Settings

__all__ = ["CannotListen", "bind", "run_server"]

BACKLOG = 2048
"""How many connections the system holds until they are accepted."""
GRACE_TIME = 10
"""How long a shutdown waits for requests in flight, in seconds."""

_NEW_OBJECTS = 10_000
"""How many more objects than before there are when the garbage collector looks at the new ones."""


class CannotListen(OSError):
    """The address cannot be listened on."""


def bind(host: str, port: int) -> socket.socket:
    """Open the listening socket, so that a taken port shows before anything else starts.

    Raises:
        CannotListen: The address is taken, not of this machine, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except socket.gaierror as exc:
        raise CannotListen(f"cannot listen on {host}:{port}: no such host") from exc
    except OSError as exc:
        reason = os.strerror(exc.errno) if exc.errno else exc
        raise CannotListen(f"cannot listen on {host}:{port}: {reason}") from exc
    except (UnicodeError, TypeError, ValueError) as exc:
        raise CannotListen(f"cannot listen on {host}:{port}: no host has such a name") from exc


def run_server(settings: Settings, listening: socket.socket, workers: int) -> int:
    """Serve until SIGTERM or Ctrl-C, then finish what is in flight.

    Args:
        settings: The configuration.
        listening: From `bind`.
        workers: How many processes; one serves in this very process.

    Returns:
        The exit status.
    """
    config = uvicorn.Config(
        partial(_application, settings),
        factory=True,
        workers=workers,
        http=StrictHttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_TIME,
    )
    if workers == 1:
        return _run_alone(config, listening)
    return _run_several(config, listening)


def _application(settings: Settings) -> Litestar:
    container = Container(settings=settings)
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


def _run_alone(config: uvicorn.Config, listening: socket.socket) -> int:
    # uvicorn raises the signal again once it has shut down; by then there is nothing to interrupt.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    return 0 if server.started else STARTUP_FAILURE


def _run_several(config: uvicorn.Config, listening: socket.socket) -> int:
    supervisor = Multiprocess(config, sockets=[listening])
    supervisor.run()
    failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
    return STARTUP_FAILURE if failed else 0
