"""What is confidential shows nowhere: every door of a real server is tried with marked values."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lyftr_http.container import Container
from lyftr_runtime.settings import VARIABLES, Settings, load_settings
from tests.support.canaries import (
    LOGGED,
    REPLICA,
    SECRETS,
    TOKENS,
    UNREADABLE,
    assert_clean,
    logins,
    message,
    reads,
    spoil,
    webhook,
    webhooks,
)
from tests.support.server import LyftrServer, Serve

Lyftr = Callable[..., subprocess.CompletedProcess[bytes]]

_COMMANDS = ("serve", "sign", "migrate", "check", "rebuild")
_WORKERS = pytest.mark.parametrize(
    "options", [(), ("--workers", "2")], ids=["alone", "two workers"]
)


def _ask(server: LyftrServer, method: str, target: str, arguments: dict[str, Any]) -> int:
    """Send a request and return the status; what comes back of an error must be clean."""
    answer = server.http.request(method, target, **arguments)
    if answer.is_error:
        assert_clean(f"{answer.text} {answer.headers}", LOGGED)
    return answer.status_code


def _fail(server: LyftrServer, folder: Path) -> set[int]:
    """Make the server fail in the ways that there are, and return what it answered."""
    spoil(folder / "lyftr.db")
    token = {"headers": {"Authorization": f"Bearer {TOKENS[0]}"}}
    paths = [f"/messages/{message_id}" for message_id in UNREADABLE]
    paths += ["/messages", "/messages?q=canary-text", "/stats"]
    seen = {_ask(server, "GET", path, token) for path in paths}
    for file in folder.glob("lyftr.db*"):
        file.unlink()
    seen.add(_ask(server, *webhook(message(message_id="lost"))))
    seen.add(_ask(server, "GET", "/health/ready", {}))
    return seen


def _send(server: LyftrServer, packet: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), 60) as connection:
        connection.sendall(packet)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def _unlogged(line: str) -> str:
    """Return a line without the two fields of the log that are as the client chose them."""
    if not line.startswith("{"):
        return line  # Python's own, of a warning
    fields = json.loads(line).items()
    return json.dumps({k: v for k, v in fields if k not in {"path", "message_id"}})


@_WORKERS
def test_nothing_confidential_shows_in_logs_errors_metrics_or_health(
    serve: Serve, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with serve(*options, LOG_LEVEL="DEBUG", **SECRETS) as server:
        statuses = {_ask(server, *request) for request in (*webhooks(), *reads(), *logins())}
        assert statuses >= {200, 204, 400, 401, 404, 405, 413, 422}
        assert _send(server, b"canary canary canary\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert _fail(server, tmp_path) >= {500, 503}
        for path in ("/metrics", "/health/live", "/health/ready"):
            assert_clean(server.http.get(path).text, LOGGED)
        values = _begin_sessions(server)
    written = server.output.read_text()
    assert_clean(written, *values)
    assert LOGGED in written
    assert "Traceback" in written
    for line in written.splitlines():
        assert_clean(_unlogged(line), LOGGED)


def _begin_sessions(server: LyftrServer) -> list[str]:
    """Begin a session with each token, use it, and return the values of the cookies."""
    values = []
    for token in TOKENS:
        server.http.post("/login", data={"token": token})
        values += [cookie.value or "" for cookie in server.http.cookies.jar]
        assert server.http.get("/stats").status_code in {200, 500, 503}
        server.http.post("/logout")
    assert len(values) == len(TOKENS)
    for value in values:
        assert_clean(value)
    return values


@_WORKERS
def test_no_process_has_a_secret_among_its_arguments(
    serve: Serve, options: tuple[str, ...]
) -> None:
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("there is no /proc to look into")
    with serve(*options, **SECRETS) as server:
        shown = list(_command_lines(server.process.pid))
    assert len(shown) > len(options) / 2, "the workers are looked at too"
    for command_line in shown:
        assert_clean(command_line)


def _command_lines(pid: int) -> Iterator[str]:
    """Return how a process was called, and whatever it has started."""
    yield Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
        if parent == pid:
            yield from _command_lines(int(process.name))


def test_every_secret_variable_is_marked() -> None:
    secret = {v for v, (f, _) in VARIABLES.items() if "Secret" in str(Settings.__annotations__[f])}
    assert {*SECRETS, *REPLICA} == secret


def _made(container: Container) -> Iterator[object]:
    """Return all that a container makes, but what it does to a database."""
    for name, provider in container.providers.items():
        if name not in {"migrate", "check", "rebuild", "back_up", "restore"}:
            yield provider()


def test_nothing_that_the_server_is_made_of_shows_a_secret(tmp_path: Path) -> None:
    settings = load_settings({**SECRETS, "DATABASE_URL": f"sqlite:///{tmp_path}/lyftr.db"})
    container = Container(settings=settings)
    made = [settings, container, *container.providers.values(), *_made(container)]
    assert len(made) > 20
    for value in made:
        assert_clean(f"{value!r} {value} {vars(value) if hasattr(value, '__dict__') else ''}")


@pytest.mark.parametrize("command", _COMMANDS)
@pytest.mark.parametrize(
    "wrong",
    [
        dict.fromkeys(("PORT", "LOG_LEVEL", "API_TOKENS", "LOG_FORMAT"), "canary canary"),
        {"DATABASE_URL": "postgresql://somebody:canary@localhost:1/inbox"},
        {"DATABASE_URL": "postgresql://somebody:canary@localhost:canary/inbox"},
        {"DATABASE_URL": "postgresql://localhost/inbox", **REPLICA, "PORT": "canary"},
        {"DATABASE_URL": "sqlite:///lyftr.db", **REPLICA},
        {"DATABASE_URL": "sqlite:///nowhere/lyftr.db"},
    ],
    ids=str,
)
def test_a_command_that_refuses_shows_no_secret(
    lyftr: Lyftr, command: str, wrong: dict[str, str]
) -> None:
    done = lyftr(command, stdin=b"canary", **{**SECRETS, "HOST": "0.0.0.0"} | wrong)  # noqa: S104 - never bound
    shown = (done.stdout + done.stderr).decode()
    assert done.returncode != 0 or (command == "sign" and "DATABASE_URL" in wrong)
    assert_clean(shown)


def test_sign_shows_no_secret_and_a_body_only_where_it_is_to_be_sent(lyftr: Lyftr) -> None:
    for arguments, stdin in (
        (["--curl"], b"\xff"),
        (["--curl"], b"\0"),
        ([], b"canary"),
        ([], b"canary\xff"),
    ):
        done = lyftr("sign", *arguments, stdin=stdin, **SECRETS)
        assert_clean((done.stdout + done.stderr).decode())


def test_what_a_command_says_of_unreadable_messages_repeats_none(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    lyftr("migrate")
    spoil(tmp_path / "lyftr.db")
    said = [lyftr(command, **SECRETS) for command in ("check", "rebuild", "migrate", "check")]
    for done in said:
        assert_clean((done.stdout + done.stderr).decode())
    assert b"is no valid message" in said[0].stdout
