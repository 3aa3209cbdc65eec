"""Files of metrics: those of dead workers become one, and whoever reads sees each value once."""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from lyftr_http.observability import metrics_files
from lyftr_http.observability.metrics import Metrics
from lyftr_http.observability.metrics_files import DeadWorkers, FilesOfAll, render_once

Logged = list[dict[str, object]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lock").touch()
    return tmp_path


@pytest.fixture
def logged() -> Logged:
    return []


@pytest.fixture
def dead(folder: Path, logged: Logged) -> DeadWorkers:
    def keep(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
        logged.append(dict(event))
        return ""

    return DeadWorkers(
        str(folder),
        structlog.wrap_logger(structlog.testing.CapturingLogger(), processors=[keep]),
    )


def keep_values(folder: Path, pid: int, count: float = 1.0) -> None:
    """Write what a worker keeps: a counter, a histogram, and two gauges of its present."""
    for name, key, value in (
        ("counter", mmap_key("c", "c_total", ["path"], ["/é"], "Counted."), count),
        ("counter", mmap_key("c", "c_total", ["path"], [f"/{pid}"], "Counted."), 1.0),
        ("histogram", mmap_key("h", "h_sum", [], [], "Timed."), count / 2),
        ("histogram", mmap_key("h", "h_bucket", ["le"], ["1.0"], "Timed."), count),
        ("histogram", mmap_key("h", "h_bucket", ["le"], ["+Inf"], "Timed."), 1.0),
        ("gauge_livesum", mmap_key("g", "g", [], [], "Now."), 1.0),
    ):
        file = MmapedDict(str(folder / f"{name}_{pid}.db"))  # type: ignore[no-untyped-call] # it has no annotations
        file.write_value(key, value, 0.0)  # type: ignore[no-untyped-call] # as above
        file.close()  # type: ignore[no-untyped-call] # as above


def text_of(folder: Path) -> list[str]:
    registry = CollectorRegistry()
    registry.register(FilesOfAll(str(folder)))
    return sorted(generate_latest(registry).decode().splitlines())


def files_of(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*.db")}


def test_files_of_dead_workers_become_one_of_each_kind_and_say_the_same(
    folder: Path, dead: DeadWorkers
) -> None:
    for pid in range(1, 6):
        keep_values(folder, pid, count=pid)
    before = [line for line in text_of(folder) if not line.startswith("g ")]
    for pid in range(1, 5):
        dead.bury(pid, was_ready=True)
        assert [line for line in text_of(folder) if not line.startswith("g ")] == before
    assert "g 1.0" in text_of(folder)  # only that of the one that lives
    assert "h_count 20.0" in before
    alive = {f"{kind}_5.db" for kind in ("counter", "histogram", "gauge_livesum")}
    assert files_of(folder) == alive | {"counter_dead.db", "histogram_dead.db"}


def test_a_worker_that_never_was_ready_leaves_nothing(folder: Path, dead: DeadWorkers) -> None:
    keep_values(folder, 1)
    dead.bury(1, was_ready=False)
    assert (files_of(folder), text_of(folder)) == (set(), [])


@pytest.mark.parametrize("content", [b"", bytes(65536)], ids=["empty", "no header"])
def test_a_file_whose_worker_was_killed_as_it_made_it_is_in_nobodys_way(
    folder: Path, dead: DeadWorkers, content: bytes
) -> None:
    keep_values(folder, 1)
    before = text_of(folder)
    for name in ("counter_2.db", "histogram_2.db", "gauge_livesum_2.db"):
        (folder / name).write_bytes(content)
    assert text_of(folder) == before
    dead.bury(2, was_ready=True)
    assert text_of(folder) == before
    dead.bury(1, was_ready=True)
    assert "g 1.0" not in text_of(folder)


def test_a_file_of_a_dead_worker_that_cannot_be_read_is_dropped_and_logged(
    folder: Path, dead: DeadWorkers, logged: Logged
) -> None:
    keep_values(folder, 1)
    before = text_of(folder)
    (folder / "counter_2.db").write_bytes(b"\xff\x00\x00\x00" * 300)
    dead.bury(2, was_ready=True)
    assert [(line["event"], line["file"]) for line in logged] == [
        ("metrics of a dead worker are lost", "counter_2.db")
    ]
    assert text_of(folder) == before


def test_what_cannot_be_merged_now_is_read_by_itself_and_merged_with_the_next(
    folder: Path, dead: DeadWorkers, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_files, "_PATIENCE", 0.05)
    for pid in (1, 2):
        keep_values(folder, pid)
    before = text_of(folder)
    with (folder / "lock").open("ab") as reader:
        fcntl.flock(reader, fcntl.LOCK_EX)
        dead.bury(1, was_ready=True)
    assert text_of(folder) == before
    assert [line["event"] for line in logged] == ["metrics of dead workers are not merged"]
    dead.bury(2, was_ready=True)
    assert files_of(folder) == {"counter_dead.db", "histogram_dead.db"}


def test_every_gauge_goes_with_its_worker() -> None:
    """Those of other modes would stay, each in a file of its own."""
    registered = Metrics()._registry._collector_to_names
    modes = {getattr(metric, "_multiprocess_mode", "live") for metric in registered}
    assert all(mode.startswith("live") for mode in modes)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_processes_that_wait_share_one_rendering(folder: Path) -> None:
    """Threads here: to a lock of the system each open file is another process."""
    rendered: list[bytes] = []
    answers: list[bytes] = []

    def render() -> bytes:
        rendered.append(b"%d\n" % len(rendered))
        return rendered[-1]

    with (folder / "lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        ask = lambda: answers.append(render_once(str(folder), render))  # noqa: E731 - for brevity
        threads = [in_thread(ask) for _ in range(5)]
        time.sleep(0.05)  # they have asked; else the test says less
    for thread in threads:
        thread.join()
    assert (len(answers), set(answers)) == (5, {rendered[0]})
    assert render_once(str(folder), render) == b"1\n"  # what was asked for later


def test_renderings_of_all_processes_are_a_quarter_of_a_second_apart(folder: Path) -> None:
    starts: list[float] = []

    def render() -> bytes:
        starts.append(time.monotonic())
        return b""

    for _ in range(2):
        render_once(str(folder), render)
    assert starts[1] - starts[0] >= 0.249


def test_a_rendering_that_fails_is_not_kept(folder: Path) -> None:
    def fail() -> bytes:
        raise OSError("too many open files")

    with pytest.raises(OSError, match="too many open files"):
        render_once(str(folder), fail)
    assert render_once(str(folder), lambda: b"text") == b"text"


def test_a_process_that_keeps_the_lock_for_ever_is_not_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_files, "_PATIENCE", 0.05)
    with (folder / "lock").open("ab") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match="another process holds the lock"):
            render_once(str(folder), lambda: b"")


def test_a_folder_that_cannot_be_listed_is_an_error_and_not_a_server_without_metrics(
    folder: Path,
) -> None:
    reading = FilesOfAll(str(folder))
    (folder / "lock").unlink()
    os.rmdir(folder)  # noqa: PTH106 - a folder
    with pytest.raises(OSError, match=r"."):
        reading.collect()
