"""A pool of connections between a service and its PostgreSQL."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.support.postgresql.accounts import give, unprivileged
from tests.support.postgresql.ports import free_port
from tests.support.postgresql.processes import ServerProcess
from tests.support.postgresql.server import USER, PostgresServer

__all__ = ["PgBouncer", "PgBouncerMissing"]

_OFTEN_NOT_ON_THE_PATH = "/usr/sbin"


class PgBouncerMissing(Exception):
    """The program is not installed."""


class PgBouncer:
    """A pgbouncer in transaction mode: started by `with`, ended after it.

    Args:
        server: The PostgreSQL behind it.
        settings: Further ones, as `pgbouncer.ini` has them.

    Raises:
        PgBouncerMissing: There is none to start.
    """

    def __init__(self, server: PostgresServer, settings: Mapping[str, str] | None = None) -> None:
        self._program = _find()
        self._database = f"host={server.folder} port={server.port} user={USER}"
        self.port = free_port()
        self._settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            **(settings or {}),
        }

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lyftr-")))
            self._start(folder, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def url(self, database: str) -> str:
        """Return the URL of a database behind it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def _start(self, folder: Path, stack: ExitStack) -> None:
        account = unprivileged()
        give(folder, account)
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(self._configuration())
        command = (self._program, str(configuration))
        process = ServerProcess(command, account, folder=folder, log=folder / "log")
        stack.callback(process.stop, signal.SIGTERM)
        process.wait_until(self._takes_connections)

    def _configuration(self) -> str:
        settings = [f"{name} = {value}\n" for name, value in self._settings.items()]
        return f"[databases]\n* = {self._database}\n[pgbouncer]\n{''.join(settings)}"

    def _takes_connections(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _find() -> str:
    path = os.pathsep.join([*os.get_exec_path(), _OFTEN_NOT_ON_THE_PATH])
    program = shutil.which("pgbouncer", path=path)
    if program is None:
        raise PgBouncerMissing("pgbouncer is not installed")
    return program
