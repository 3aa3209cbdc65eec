"""The machine: whether it can run the benchmark, what it is, and which core does what."""

import os
import platform
import shutil
import sqlite3
import time
from importlib.metadata import version
from pathlib import Path

__all__ = ["LOAD_CORE", "SERVER_CORE", "Others", "Unsuitable", "describe", "require_suitable"]

SERVER_CORE = 0
LOAD_CORE = 1
_PACKAGES = (
    "litestar",
    "msgspec",
    "sqlalchemy",
    "aiosqlite",
    "uvicorn",
    "uvloop",
    "fastapi",
    "psycopg",
    "asyncpg",
)


class Unsuitable(RuntimeError):
    """The benchmark cannot run here."""


class Others:
    """How busy others keep the machine, from the moment on when this is made."""

    def __init__(self) -> None:
        self._began = time.monotonic(), _busy_by_others()

    @property
    def share(self) -> float:
        """Their share of the processor time that there was, in percent."""
        there_was = (time.monotonic() - self._began[0]) * (os.cpu_count() or 1)
        taken = _busy_by_others() - self._began[1]
        return max(0.0, round(100 * taken / there_was, 1))  # the two clocks differ a little


def require_suitable(folder: Path) -> None:
    """Check what the benchmark needs.

    Args:
        folder: Where the databases will be.

    Raises:
        Unsuitable: It says what is missing.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise Unsuitable("the benchmark needs Linux")
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise Unsuitable("the benchmark needs two cores, 0 for the server and 1 for the load")
    if shutil.which("wrk") is None:
        raise Unsuitable("the benchmark needs wrk; on Debian: apt-get install wrk")
    if _file_system(folder) in {"tmpfs", "ramfs"}:
        raise Unsuitable(f"{folder} is in memory, where a commit costs nothing; give --folder")


def describe() -> dict[str, str]:
    """Return what the figures depend on, by name."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{package: version(package) for package in _PACKAGES},
    }


def _busy_by_others() -> float:
    """Return the seconds that processors worked, but not for this process or ended ones of it."""
    user, nice, system, _idle, _waiting, *other = _processor_ticks()
    busy = (user + nice + system + sum(other[:3])) / os.sysconf("SC_CLK_TCK")
    return busy - sum(os.times()[:4])


def _processor_ticks() -> list[int]:
    return [int(count) for count in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """Return the type of the file system that a folder is on: that of the longest mount point."""
    mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    path = folder.resolve()
    above = [(point, kind) for point, kind in mounts if path.is_relative_to(point)]
    return max(above, key=lambda mount: len(mount[0]))[1]
