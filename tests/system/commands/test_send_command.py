"""`lyftr send`, to a real server and until Ctrl-C."""

import json
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.results import one_record
from tests.support.scripted_receiver import ScriptedReceiver, scripted_receiver
from tests.support.sending import ONE, SIGNING, line, lines
from tests.support.server import (
    LYFTR,
    PATIENCE,
    STANDARD,
    Lyftr,
    Serve,
    environment,
)


def test_one_message_from_options_arrives(serve: Serve, lyftr: Lyftr) -> None:
    with serve() as server:
        url = f"http://127.0.0.1:{server.port}/webhook"
        moment = ("--ts", "2026-01-15T09:28:35.5Z")
        given = lyftr(
            "send", *ONE, *moment, "--id", "a/b", "--text", "é \u202e", "--url", url, **SIGNING
        )
        made = lyftr("send", *ONE, PORT=str(server.port), **SIGNING)
        items = server.http.get("/messages").json()["items"]
    assert (given.returncode, given.stderr, made.returncode, made.stderr) == (0, b"", 0, b"")
    assert one_record(given) == {"message_id": "a/b", "taken": True, "retries": 0}
    stored = {item["message_id"]: item for item in items}
    assert stored["a/b"]["text"] == "é \u202e"
    assert stored["a/b"]["ts"] == "2026-01-15T09:28:35.5Z"
    new = stored[one_record(made)["message_id"]]
    assert new["text"] is None
    age = datetime.now(UTC) - datetime.fromisoformat(new["ts"])
    assert timedelta(0) <= age < timedelta(minutes=10)


@pytest.mark.parametrize("variables", [SIGNING, STANDARD])
def test_a_file_arrives_whole_and_sending_it_again_is_safe(
    serve: Serve, lyftr: Lyftr, tmp_path: Path, variables: dict[str, str]
) -> None:
    file = lines(tmp_path, *(line(f"m{n}", text=f"number {n}") for n in range(50)))
    with serve(**variables) as server:
        for _ in range(2):
            done = lyftr("send", "--file", file, PORT=str(server.port), **variables)
            assert (done.returncode, done.stderr) == (0, b"")
            said = one_record(done)
            assert said.pop("seconds") >= 0
            assert said == {"taken": 50, "retries": 0, "refused": 0, "resume_at": None}
        assert server.http.get("/messages").json()["total"] == 50
    assert lyftr("conflicts").stdout == b""


def test_what_is_read_back_can_be_sent_again(serve: Serve, lyftr: Lyftr, tmp_path: Path) -> None:
    with serve() as server:
        server.deliver("m1", text="\u202e é \U0001f468\u200d\U0001f469").raise_for_status()
        read = server.http.get("/messages").json()["items"]
        body = "\n".join(json.dumps(item) for item in read).encode()
        done = lyftr("send", "--file", "-", stdin=body, PORT=str(server.port), **SIGNING)
        assert one_record(done)["taken"] == 1
        assert server.http.get("/messages").json()["items"] == read
    assert lyftr("conflicts").stdout == b""


def stopped_by_ctrl_c(
    receiver: ScriptedReceiver, folder: Path, is_enough: threading.Event
) -> tuple[int, bytes, bytes]:
    command = [*LYFTR, "send", "--file", "messages.jsonl", "--url", receiver.url]
    with subprocess.Popen(
        [*command, "--failed", "left.jsonl", "--concurrency", "4"],
        cwd=folder,
        env=environment(**SIGNING),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert is_enough.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=PATIENCE)
    return process.returncode, printed, said


def test_ctrl_c_finishes_what_is_on_its_way_and_keeps_the_rest(tmp_path: Path) -> None:
    bodies = [line(f"m{n}") for n in range(2000)]
    lines(tmp_path, *bodies)
    is_enough = threading.Event()
    taken: list[bytes] = []

    def reply(body: bytes, _before: int) -> tuple[int, dict[str, str]]:
        if len(taken) >= 20:
            is_enough.set()
            time.sleep(0.5)  # it is on its way when the signal comes
        taken.append(body)
        return 200, {}

    with scripted_receiver(reply) as receiver:
        status, printed, said = stopped_by_ctrl_c(receiver, tmp_path, is_enough)
    assert status == 130
    assert b"safe" in said
    assert b"Traceback" not in said
    count = json.loads(printed)["taken"]
    assert 20 <= count == len(taken) < 2000
    left = (tmp_path / "left.jsonl").read_bytes().splitlines()
    assert len(left) == 2000 - count
    assert sorted([*left, *taken]) == sorted(bodies)
