"""A PostgreSQL of the tests' own, which they may stop, break and start again."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from tests.support.postgresql.accounts import give, unprivileged
from tests.support.postgresql.database_server import DatabaseServer, StatementFailed, literal
from tests.support.postgresql.installation import Installation
from tests.support.postgresql.ports import free_port
from tests.support.postgresql.processes import ServerDied, ServerProcess

__all__ = ["USER", "PostgresServer", "StopMode"]

USER = "postgres"
"""The superuser, who needs no password."""

_LONGEST_SOCKET = 107  # bytes, as the kernel says
_SHORT = Path("/tmp")  # noqa: S108 - a folder of its own is made in it

StopMode = Literal["smart", "fast", "immediate"]
_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class PostgresServer(DatabaseServer):
    """A cluster in a temporary folder: made and started by `with`, ended and removed after it.

    It listens on a Unix socket, and on a port of 127.0.0.1 that it keeps when it is restarted.

    Args:
        installation: Whose programs to run.
        durable: Whether a commit survives a loss of power; without, it is faster, and what was
            committed survives an end of the server alone, however sudden.
        settings: Further ones, as `postgresql.conf` has them.
        within: Where its folder is made; by default where temporary files go.
    """

    def __init__(
        self,
        installation: Installation,
        *,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
        within: Path | None = None,
    ) -> None:
        self._account = unprivileged()
        self.installation = installation
        self.durable = durable
        self.port = free_port()
        self.folder = _short_folder() if within is None else _folder_in(within)
        self.data = self.folder / "data"
        super().__init__(self._url_at("postgres"), installation.program("psql"))
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            **({} if durable else {"fsync": "off"}),
            **(settings or {}),
        }
        self._process: ServerProcess | None = None

    def __enter__(self) -> Self:
        try:
            self._make_folder()
            self._fill()
            self.configure(**self._settings)
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, by itself or by `stop`."""
        return self._process is not None and self._process.is_running

    def url(self, database: str) -> str:
        """Return the URL of a database by the Unix socket."""
        return self._url_at(database)

    def tcp_url(self, database: str) -> str:
        """Return the URL of a database by TCP."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        command = (self.installation.program("postgres"), "-D", str(self.data))
        log = self.folder / "log"
        self._process = ServerProcess(command, self._account, folder=self.folder, log=log)
        self._process.wait_until(self._is_ready)

    def stop(self, mode: StopMode = "fast") -> None:
        """End it: `fast` ends its connections first, `immediate` is as good as a crash."""
        if self._process is not None:
            self._process.stop(_SIGNALS[mode])

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop it and start it again, at the same address."""
        self.stop(mode)
        self.start()

    def configure(self, **settings: str) -> None:
        """Add settings, which hold after a `reload` or, some of them, a `restart`."""
        lines = [f"{name} = {literal(value)}\n" for name, value in settings.items()]
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(lines)

    def reload(self) -> None:
        """Have it read its settings again."""
        self.sql("SELECT pg_reload_conf()")

    def _ask(self, statement: str, url: str) -> str:
        try:
            return super()._ask(statement, url)
        except StatementFailed as failed:
            if self._process is None or self._process.is_running:
                raise
            raise ServerDied(self._process.describe("has ended")) from failed

    def _url_at(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={quote(str(self.folder))}&port={self.port}"

    def _make_folder(self) -> None:
        give(self.folder, self._account)
        self.folder.chmod(0o755)  # the socket in it is for whoever the tests run as

    def _fill(self) -> None:
        self._run(
            "initdb",
            *(f"--pgdata={self.data}", f"--username={USER}", "--auth=trust", "--no-sync"),
            *("--encoding=UTF8", "--locale=C.UTF-8"),
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.installation.program(program), *arguments],
            capture_output=True,
            check=False,
            cwd=self.folder,
            text=True,
            **self._account,
        )
        if done.returncode != 0:
            raise ServerDied(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _is_ready(self) -> bool:
        # The file may be one that a crash has left behind.
        assert self._process is not None
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(self._process.pid)] and "ready" in (line.strip() for line in lines)

    def _remove(self) -> None:
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder)


def _short_folder() -> Path:
    """Make a folder where the name of a socket is not too long."""
    usual = Path(tempfile.gettempdir())
    socket = usual / "lyftr-12345678" / ".s.PGSQL.12345.lock"
    fits = len(os.fsencode(socket)) <= _LONGEST_SOCKET
    return _folder_in(usual if fits else _SHORT)


def _folder_in(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="lyftr-", dir=folder))
