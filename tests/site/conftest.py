"""The built site, once for all the processes of a test run; and a reader with a PostgreSQL."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.site.pages import ROOT
from tests.site.reader import Reader
from tests.support.postgresql.database_server import DatabaseServer

_PATIENCE = 600.0


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site: the one that `SITE` names, else a new one."""
    if built := os.environ.get("SITE"):
        return Path(built)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "site"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes first builds, the others wait
        if not (folder / "index.html").exists():
            _build(folder)
    return folder


def _build(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", "docs", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def postgres_reader(
    tmp_path: Path, postgres_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reader]:
    """A reader whom libpq leads to a PostgreSQL by the environment; in it is no `inbox` yet."""
    if missing := [tool for tool in ("bash", "createdb") if shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    url = urlsplit(postgres_server.url("postgres"))
    named = dict(parse_qsl(url.query))
    monkeypatch.setenv("PGHOST", named.get("host") or url.hostname or "")
    monkeypatch.setenv("PGPORT", named.get("port") or str(url.port or 5432))
    monkeypatch.setenv("PGUSER", url.username or "postgres")
    monkeypatch.setenv("PGPASSWORD", url.password or "")
    try:
        with Reader(tmp_path) as reader:
            yield reader
    finally:
        postgres_server.sql("DROP DATABASE IF EXISTS inbox WITH (FORCE)")
