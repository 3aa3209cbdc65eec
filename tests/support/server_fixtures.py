"""What tests ask for to run real `lyftr` processes in a folder of their own."""

import os
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.disks import mounted
from tests.support.server import LYFTR, PATIENCE, SECRET, Lyftr, LyftrServer, Serve, environment
from tests.support.stores import Inbox

__all__ = ["chance", "database_variables", "inbox", "lyftr", "serve", "small_disk"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB, where the machine allows to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted(folder, "32m"):
        yield folder


@pytest.fixture
def database_variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """What names the database of a test: nothing, for a file in its folder, unless `ON_BOTH`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return {}
    return {"DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.fixture
def inbox(tmp_path: Path, database_variables: dict[str, str]) -> Inbox:
    """The database of a test, read directly, not through a server."""
    return Inbox(tmp_path, database_variables)


@pytest.fixture
def serve(tmp_path: Path, database_variables: dict[str, str]) -> Iterator[Serve]:
    """Start servers in one folder; whatever still runs at the end is killed."""
    started: list[LyftrServer] = []

    def start(*options: str, prefix: Sequence[str] = (), **variables: str) -> LyftrServer:
        variables = {"WEBHOOK_SECRET": SECRET, **database_variables, **variables}
        server = LyftrServer(tmp_path, *options, prefix=prefix, **variables)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.fixture
def lyftr(tmp_path: Path, database_variables: dict[str, str]) -> Lyftr:
    """Run a command of `lyftr` to its end."""

    def run(
        *arguments: str, stdin: bytes = b"", **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*LYFTR, *arguments],
            cwd=tmp_path,
            env=environment(**{**database_variables, **variables}),
            input=stdin,
            capture_output=True,
            timeout=5 * PATIENCE,  # some ask a server hundreds of times
            check=False,
        )

    return run


@pytest.fixture
def chance(show: Callable[[str], None]) -> random.Random:
    """Chooses the moments; the seed is shown, and `KILL_SEED` chooses the same again."""
    seed = int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(2**32)))
    show(f"KILL_SEED={seed}")
    return random.Random(seed)  # noqa: S311 - it has to be random only once
