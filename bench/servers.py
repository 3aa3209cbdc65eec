"""The servers that are compared: started on core 0 with a database of their own, and ended."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from bench.client import Client
from bench.machine import SERVER_CORE
from bench.request_file import SECRET
from lyftr_runtime.settings import VARIABLES

__all__ = [
    "BASELINE",
    "BASELINE_POSTGRES",
    "CEILING",
    "HELLO",
    "OURS",
    "PLAIN_CEILING",
    "Server",
    "Target",
]

_ROOT = Path(__file__).parents[1]
_WITHOUT_FASTAPI = _ROOT / "bench" / "without_fastapi"
_PATIENCE = 60.0
_POLL_INTERVAL = 0.001
_OK = 200


class Target(NamedTuple):
    """A kind of server.

    Attributes:
        name: As the table has it.
        command: What follows `python`; the port comes behind it.
        ready: The path that is answered 200 as soon as it is ready.
    """

    name: str
    command: tuple[str, ...]
    ready: str = "/health/ready"


OURS = Target("ours", ("-m", "lyftr_cli", "serve", "--port"))
CEILING = Target("ceiling", ("-m", "bench.ceiling"))
PLAIN_CEILING = Target("plain ceiling", ("-m", "bench.plain_ceiling"))
BASELINE = Target("FastAPI baseline", ("-m", "bench.fastapi_baseline"))
BASELINE_POSTGRES = Target("FastAPI baseline on asyncpg", ("-m", "bench.fastapi_asyncpg"))
HELLO = Target(
    "hello-world",
    ("-m", "uvicorn", "--factory", "bench.hello:create_app", "--no-access-log", "--port"),
    ready="/",
)
_OF_FASTAPI = (BASELINE, BASELINE_POSTGRES)


class Server:
    """One server process, from its start until it has ended.

    Args:
        target: Which kind.
        database: Its file; with a URL, only the log is called after it.
        folder: Where its log goes.
        url: Of a database that is no file.
        cores: Where it may run.

    Attributes:
        port: Where it listens, on the loopback address.
        started_in: How many seconds passed until it was ready.
    """

    def __init__(
        self,
        target: Target,
        database: Path,
        folder: Path,
        *,
        url: str | None = None,
        cores: AbstractSet[int] = frozenset({SERVER_CORE}),
    ) -> None:
        self.target = target
        self.database = database
        self._url = url or f"sqlite:///{database}"
        self._cores = cores
        self._log = folder / f"{database.stem}-{target.name.replace(' ', '-')}.log"
        self.port = _free_port()
        self.started_in = 0.0

    def __enter__(self) -> Self:
        started = time.perf_counter()
        # As a user would have it: a log in a file, on the disk that the database is on.
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.target.command, str(self.port)],
                cwd=self._log.parent,
                env=_environment(self.target, self._url),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            os.sched_setaffinity(self._process.pid, self._cores)
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        self.started_in = time.perf_counter() - started
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def memory(self) -> int:
        """How much of it is in memory, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    @property
    def processor_time(self) -> float:
        """How many seconds of processor time it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.target.name} did not start:\n{self._log.read_text()}")
            time.sleep(_POLL_INTERVAL)

    def _is_ready(self) -> bool:
        try:
            with Client(self.port) as client:
                return client.get(self.target.ready).status == _OK
        except OSError:
            return False

    def _end(self) -> None:
        """Let it finish; where it does not, kill it."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment(target: Target, url: str) -> dict[str, str]:
    path = [_ROOT] if target in _OF_FASTAPI else [_ROOT, _WITHOUT_FASTAPI]
    # Compiled once, as where it is installed; not at each start.
    dropped = {*VARIABLES, "PYTHONDONTWRITEBYTECODE"}
    inherited = {name: value for name, value in os.environ.items() if name not in dropped}
    return {
        **inherited,
        "DATABASE_URL": url,
        "WEBHOOK_SECRET": SECRET,
        "PYTHONPATH": os.pathsep.join(map(str, path)),
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
