"""Folders of metrics: those that nobody uses go at the next start, and no others."""

import fcntl
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from lyftr_http.observability.metrics_folder import (
    hold_folder,
    metrics_folder,
    remove_unused_folders,
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(temporary: Path, *names: str) -> Path:
    folder = temporary / "lyftr-metrics-abcdefgh"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    return folder


def pid_of_none() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_a_folder_is_there_as_long_as_it_is_used(temporary: Path) -> None:
    with metrics_folder() as directory:
        remove_unused_folders()
        assert Path(directory).parent == temporary
        assert Path(directory).is_dir()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("names", [(), ("lock", f"counter_{os.getpid()}.db"), ("rendered.new",)])
def test_what_a_killed_server_has_left_is_removed(temporary: Path, names: tuple[str]) -> None:
    left(temporary, *names)
    remove_unused_folders()
    assert list(temporary.iterdir()) == []


def test_a_worker_that_outlives_its_parent_keeps_the_folder(temporary: Path) -> None:
    folder = left(temporary, "lock")
    held = hold_folder(str(folder))
    remove_unused_folders()
    assert folder.exists()
    os.close(held)
    remove_unused_folders()
    assert not folder.exists()


def test_a_folder_without_locks_stays_as_long_as_a_process_lives_that_has_a_file_in_it(
    temporary: Path,
) -> None:
    folder = left(temporary, f"gauge_livesum_{os.getpid()}.db", f"counter_{pid_of_none()}.db")
    remove_unused_folders()
    assert folder.exists()
    (folder / f"gauge_livesum_{os.getpid()}.db").unlink()
    remove_unused_folders()
    assert not folder.exists()


def test_nothing_else_is_touched(temporary: Path) -> None:
    (temporary / "lyftr-other").mkdir()
    (temporary / "lyftr-metrics-file").touch()
    (temporary / "target").mkdir()
    (temporary / "target" / "counter_0.db").touch()
    (temporary / "lyftr-metrics-link").symlink_to(temporary / "target")
    os.mkfifo(temporary / "lyftr-metrics-pipe")
    before = sorted(temporary.rglob("*"))
    remove_unused_folders()
    assert sorted(temporary.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
def test_the_folder_of_another_user_stays(temporary: Path) -> None:
    folder = left(temporary, "lock")
    os.chown(folder, 65534, 65534)
    remove_unused_folders()
    assert folder.exists()


def test_servers_that_start_at_the_same_time_leave_each_other_their_folders() -> None:
    over = threading.Event()

    def remove_again_and_again() -> None:
        while not over.is_set():
            remove_unused_folders()

    other = threading.Thread(target=remove_again_and_again)
    other.start()
    try:
        for _ in range(40):
            with metrics_folder() as directory:
                Path(directory, "counter_0.db").touch()
                assert Path(directory, "lock").exists()
    finally:
        over.set()
        other.join()


def test_a_folder_that_is_about_to_be_removed_is_not_held(temporary: Path) -> None:
    folder = left(temporary)
    remover = os.open(folder, os.O_RDONLY)
    fcntl.flock(remover, fcntl.LOCK_EX)
    with pytest.raises(BlockingIOError):
        hold_folder(str(folder))
    os.close(remover)


def test_a_temporary_directory_that_is_gone_is_nobodys_trouble(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "none"))
    remove_unused_folders()
