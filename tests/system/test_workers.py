"""Several workers: they end with their parent, are replaced, and count together."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families

from tests.support.load import Load
from tests.support.polling import wait_until
from tests.support.processes import children_of, serving_processes
from tests.support.server import (
    LYFTR,
    PATIENCE,
    SECRET,
    LyftrServer,
    Serve,
    environment,
    raw,
    signed,
)
from tests.support.stored import assert_kept, assert_nothing_wrong

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="looks into /proc for the workers"
)


def workers_of(server: LyftrServer, folder: Path, count: int = 2) -> set[int]:
    """Return the workers, as soon as so many serve."""
    found: set[int] = set()

    def complete() -> bool:
        nonlocal found
        found = serving_processes(server.process.pid, folder / "lyftr.db")
        return len(found) == count

    wait_until(complete)
    return found


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # one that has ended, and whose new parent has not looked yet


def is_gone(process: int) -> bool:
    return not is_running(process)


def test_workers_end_with_their_parent_and_the_next_start_is_immediate(
    serve: Serve, tmp_path: Path
) -> None:
    with (
        serve("--workers", "2") as server,
        Load(server.port, SECRET, "before", senders=8) as load,
    ):
        workers = workers_of(server, tmp_path)
        load.wait_for(200)
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        with serve("--workers", "2", "--port", str(server.port)) as next_server:
            load.wait_for(200)  # the same senders, on the same port
            wait_until(lambda: all(map(is_gone, workers)))
            load.stop()
        assert next_server.process.returncode == 0
    assert_kept(tmp_path / "lyftr.db", load.acknowledged)
    assert_nothing_wrong(tmp_path / "lyftr.db")


def test_workers_that_are_still_starting_end_with_their_parent(
    serve: Serve, tmp_path: Path
) -> None:
    long = ("--shutdown-timeout", "600")  # which else would end them
    server = LyftrServer(tmp_path, "--workers", "2", *long, WEBHOOK_SECRET=SECRET)
    with ExitStack() as stack:
        stack.callback(server.stop, signal.SIGKILL)
        port = server.wait_for_line('"listening"')["port"]
        # It opens the database long before it is ready.
        wait_until(lambda: bool(serving_processes(server.process.pid, tmp_path / "lyftr.db")))
        children = children_of(server.process.pid)
    with serve("--port", str(port)):
        wait_until(lambda: all(map(is_gone, children)))


def created(port: int) -> float:
    """Ask on a connection of its own, so by chance any of the workers."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "webhook_requests_total" and sample.labels["result"] == "created"
    )


def created_by(worker: int, folder: Path) -> float:
    """Return how many messages a worker itself has counted as created."""
    values = MmapedDict.read_all_values_from_file(folder / f"counter_{worker}.db")  # type: ignore[no-untyped-call] # it has no annotations
    return sum(float(value) for key, value, *_ in values if '"result": "created"' in key)


def is_created(port: int, count: int) -> bool:
    return created(port) == count


def test_metrics_are_those_of_all_workers_whichever_is_asked_also_after_one_was_replaced(
    serve: Serve, tmp_path: Path
) -> None:
    with serve("--workers", "2") as server:
        for round_, expected in enumerate((300, 600, 900)):
            workers = workers_of(server, tmp_path)
            name = f"r{round_}"
            with Load(server.port, SECRET, name, senders=8, limit=300, reuse=5) as load:
                load.join()
            # What was answered is counted in the next turn of that worker's loop.
            wait_until(partial(is_created, server.port, expected))
            assert {created(server.port) for _ in range(8)} == {expected}
            os.kill(min(workers), signal.SIGKILL)
            wait_until(partial(is_gone, min(workers)))
        server.wait_for_line("a worker died, another takes its place")


def test_metrics_of_dead_workers_are_in_one_file_and_those_of_a_dead_server_in_none(
    serve: Serve, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with serve("--workers", "2", TMPDIR=str(temporary)) as server:
        workers = workers_of(server, tmp_path)
        assert server.deliver("m").status_code == 200
        wait_until(partial(is_created, server.port, 1))
        (folder,) = temporary.iterdir()
        # The one that took the message; the other one is perhaps not ready yet.
        (killed,) = (worker for worker in workers if created_by(worker, folder))
        os.kill(killed, signal.SIGKILL)
        server.wait_for_line("a worker died, another takes its place")
        assert created(server.port) == 1
        assert (folder / "counter_dead.db").exists()
        assert not (folder / f"counter_{killed}.db").exists()
        alive = workers_of(server, tmp_path)
        reserved = {(folder / f"counter_{worker}.db").stat().st_size for worker in alive}
        assert reserved == {256 * 1024}  # to grow, a file would need a descriptor
        for process in (server.process.pid, *alive):
            os.kill(process, signal.SIGKILL)
        server.stop()
        wait_until(lambda: all(map(is_gone, alive)))
    assert list(temporary.iterdir()) == [folder]
    with serve(TMPDIR=str(temporary)):
        assert list(temporary.iterdir()) == []


def test_descriptions_of_metrics_are_the_same_with_several_workers(serve: Serve) -> None:
    texts = []
    for options in ((), ("--workers", "2")):
        with serve(*options) as server:
            lines = server.http.get("/metrics").text.splitlines()
            texts.append({line for line in lines if line.startswith("# ")})
    assert {line for line in texts[0] if "_created" not in line} <= texts[1] | _never_counted()


def _never_counted() -> set[str]:
    """A metric with labels is in the files of the workers only once it has counted something."""
    return {
        "# HELP http_requests_total HTTP requests answered.",
        "# TYPE http_requests_total counter",
    }


def test_a_worker_that_cannot_start_while_others_serve_is_tried_again(
    serve: Serve, tmp_path: Path
) -> None:
    """Its start needs a commit, which a lock of ours holds up for longer than it waits."""
    with serve("--workers", "2") as server:
        workers = workers_of(server, tmp_path)
        with closing(sqlite3.connect(tmp_path / "lyftr.db", isolation_level=None)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            os.kill(min(workers), signal.SIGKILL)
            server.wait_for_line("database is locked")
            blocker.execute("ROLLBACK")
        assert len(workers_of(server, tmp_path)) == 2
        assert server.deliver("m").status_code == 200
        assert server.stop() == 0


def test_workers_that_cannot_start_end_the_server_with_an_error(tmp_path: Path) -> None:
    """The parent finds the database well; before its workers open it, it is locked for good."""
    code = (
        "import sqlite3, sys\n"
        "from lyftr_http.server.supervisor import Workers\n"
        "from lyftr_cli.__main__ import main\n"
        "run = Workers.run\n"
        "def run_on_a_locked_database(workers):\n"
        "    blocker = sqlite3.connect('lyftr.db', isolation_level=None)\n"
        "    blocker.execute('BEGIN IMMEDIATE')\n"
        "    return run(workers)\n"
        "Workers.run = run_on_a_locked_database\n"
        "if __name__ == '__main__':\n"
        "    sys.argv = ['lyftr', 'serve', '--port', '0', '--workers', '2']\n"
        "    main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(WEBHOOK_SECRET=SECRET),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode not in {0, -signal.SIGTERM}, done.stdout
    assert "database is locked" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_ctrl_c_of_a_terminal_reaches_every_process_and_drops_nothing(
    serve: Serve, tmp_path: Path
) -> None:
    """A terminal sends SIGINT to the whole group; here a worker has a webhook in flight then."""
    command = [*LYFTR, "serve", "--port", "0", "--workers", "2"]
    output = tmp_path / "output.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment(WEBHOOK_SECRET=SECRET),
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: '"listening"' in output.read_text())
        port = int(output.read_text().partition('"port":')[2].partition(",")[0])
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as sender,
            closing(sqlite3.connect(tmp_path / "lyftr.db", isolation_level=None)) as blocker,
        ):
            sender.sendall(raw(signed("first")))
            assert sender.recv(65536).startswith(b"HTTP/1.1 200 ")
            blocker.execute("BEGIN IMMEDIATE")
            sender.sendall(raw(signed("in flight")))
            time.sleep(0.5)  # it would be answered 200 also if it came only after the signal
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.5)  # likewise
            blocker.execute("ROLLBACK")
            assert sender.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
