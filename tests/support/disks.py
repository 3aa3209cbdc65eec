"""A small file system, where the machine allows to mount one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["mounted"]


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system on a folder; skips the test where that is not allowed.

    Args:
        folder: It is empty.
        size: How large it is, as in `32m`.
    """
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "lyftr-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        unmount = ["umount", "--lazy", str(folder)]
        subprocess.run(unmount, check=True)
