"""`deploy/nginx.conf` in a real nginx, in front of two real servers on one database."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.deploy.files import DEPLOY
from tests.deploy.spellings import assert_hidden, hidden_paths
from tests.support.polling import wait_until
from tests.support.server import PATIENCE, SECRET, LyftrServer, signed

CONFIGURATION = (DEPLOY / "nginx.conf").read_text()
TOKEN = "a-token"
SHOWN = "http_requests_total{"
HOST = "http://inbox.example.com:8080"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Front(NamedTuple):
    """What senders and readers see, and what is behind it."""

    http: httpx.Client
    servers: list[LyftrServer]
    log: Path

    def deliver(self, message_id: str, **headers: str) -> httpx.Response:
        request = signed(message_id)
        return self.http.post(
            "/webhook", content=request["content"], headers={**request["headers"], **headers}
        )

    def read(self, path: str) -> httpx.Response:
        return self.http.get(path, headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with opened() as front:
        yield front


@contextmanager
def opened() -> Iterator[Front]:
    with servers_in_folder(2) as (folder, servers):
        ports = [server.port for server in servers]
        with nginx(folder, *ports) as http:
            yield Front(http, servers, folder / "access.log")


@contextmanager
def servers_in_folder(number: int) -> Iterator[tuple[Path, list[LyftrServer]]]:
    if shutil.which("nginx") is None:
        pytest.skip("not installed: nginx")
    # Not pytest's folder: the name of a socket has to be short.
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        variables = {"WEBHOOK_SECRET": SECRET, "API_TOKENS": TOKEN}
        servers = [stack.enter_context(LyftrServer(Path(name), **variables)) for _ in range(number)]
        yield Path(name), servers


@contextmanager
def nginx(folder: Path, *ports: int) -> Iterator[httpx.Client]:
    user = "user root;" if os.getuid() == 0 else "worker_processes 1;"
    (folder / "nginx.conf").write_text(configuration(folder, *ports))
    where = ["-p", str(folder), "-c", str(folder / "nginx.conf")]
    command = ["nginx", *where, "-g", f"daemon off; {user}"]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert "[warn]" not in tried.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until((folder / "http.sock").exists)
        transport = httpx.HTTPTransport(uds=str(folder / "http.sock"))
        with httpx.Client(transport=transport, base_url=HOST, timeout=PATIENCE) as http:
            yield http
    finally:
        process.terminate()
        process.wait(PATIENCE)


def configuration(folder: Path, *ports: int) -> str:
    """The file as it is, but for places and addresses."""
    places = "".join(f"{name}_temp_path {folder}/{name};\n" for name in _TEMPORARY)
    text = CONFIGURATION
    for own, ours in [
        ("worker_processes auto;", "worker_processes 2;" if os.getuid() == 0 else ""),
        ("http {", f"http {{\n{places}"),
        ("/run/nginx.pid", f"{folder}/nginx.pid"),
        ("/var/log/nginx/error.log", f"{folder}/error.log"),
        ("/var/log/nginx/access.log", f"{folder}/access.log"),
        ("listen 80;", f"listen unix:{folder}/http.sock;"),
        ("server lyftr-1:8000 ", f"server 127.0.0.1:{ports[0]} "),
        ("server lyftr-2:8000 ", f"server 127.0.0.1:{ports[1]} "),
    ]:
        assert text.count(own) == 1, own
        text = text.replace(own, ours)
    return text


def created(server: LyftrServer) -> float:
    """How many messages it has stored, as it says itself."""
    text = server.http.get("/metrics").text
    return float(text.partition('webhook_requests_total{result="created"} ')[2].split()[0])


def test_a_webhook_goes_in_and_is_read_back(front: Front) -> None:
    assert front.deliver("through").json() == {"status": "ok"}
    assert front.read("/messages/through").json()["message_id"] == "through"


def test_every_server_gets_webhooks_and_each_message_is_there_once(front: Front) -> None:
    before = [created(server) for server in front.servers]
    for number in [*range(20), *range(20)]:
        assert front.deliver(f"m{number}").status_code == 200
    grown = [created(server) - then for server, then in zip(front.servers, before, strict=True)]
    assert sum(grown) == 20
    assert min(grown) > 0


def test_a_stream_shows_what_each_server_takes_as_it_comes(front: Front) -> None:
    token = {"Authorization": f"Bearer {TOKEN}"}
    with front.http.stream("GET", "/stream", headers=token) as answer:
        pieces = answer.iter_text()
        text = next(pieces)
        for number, server in enumerate(front.servers):
            assert server.deliver(f"streamed-{number}").status_code == 200
            while f'"message_id":"streamed-{number}"' not in text:
                text += next(pieces)


@pytest.mark.parametrize("message_id", ["a/b", "a b", "%2F", "é"])
def test_every_identifier_is_found_at_its_address(front: Front, message_id: str) -> None:
    assert front.deliver(message_id).status_code == 200
    path = "/messages/" + "".join(f"%{byte:02X}" for byte in message_id.encode())
    assert front.read(path).json()["message_id"] == message_id


def test_requests_have_an_identifier_of_the_client_or_of_nginx(front: Front) -> None:
    answer = front.deliver("named", **{"X-Request-ID": "of-the-client"})
    assert answer.headers["X-Request-ID"] == "of-the-client"
    made = front.deliver("unnamed").headers["X-Request-ID"]
    wait_until(lambda: made in front.log.read_text())


def test_a_body_over_the_limit_is_answered_by_lyftr(front: Front) -> None:
    answer = front.http.post("/webhook", content=b"a" * (64 * 1024 + 1))
    assert answer.status_code == 413
    assert "detail" in answer.json()


def test_a_login_works_at_another_port_than_80(front: Front) -> None:
    answer = front.http.post("/login", data={"token": TOKEN}, headers={"Origin": HOST})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    session = answer.headers["Set-Cookie"].partition(";")[0]
    front.http.cookies.clear()
    # Whichever server it was, each of them knows the session.
    for _ in range(4):
        assert front.http.get("/messages", headers={"Cookie": session}).status_code == 200


def test_a_client_of_http_1_0_needs_no_host(front: Front) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(front.log.parent / "http.sock"))
        connection.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 200 " in answer.splitlines()[0]


def test_the_log_has_no_query(front: Front) -> None:
    number = "15550107777"
    assert front.read(f"/messages?from=%2B{number}").status_code == 200
    wait_until(lambda: "GET /messages 200" in front.log.read_text())
    assert number not in front.log.read_text()


def test_hidden_paths_are_hidden_in_every_spelling(front: Front) -> None:
    assert hidden_paths(CONFIGURATION) == ["/metrics"]
    assert SHOWN in front.servers[0].http.get("/metrics").text
    assert_hidden(front.http, "/metrics", SHOWN)


def test_a_server_that_is_killed_is_not_noticed_by_senders() -> None:
    with opened() as front:
        for number in range(4):
            assert front.deliver(f"before-{number}").status_code == 200
        front.servers[0].process.kill()
        front.servers[0].process.wait(PATIENCE)
        for number in range(20):
            assert front.deliver(f"after-{number}").status_code == 200
        assert front.read("/messages").json()["total"] == 24


def test_a_webhook_that_one_server_breaks_off_is_taken_by_the_other() -> None:
    with (
        servers_in_folder(1) as (folder, (server,)),
        breaking_off() as (port, broken_off),
        nginx(folder, port, server.port) as http,
    ):
        front = Front(http, [server], folder / "access.log")
        for number in range(4):
            assert front.deliver(f"m{number}").status_code == 200
        assert broken_off
        assert front.read("/messages").json()["total"] == 4


@contextmanager
def breaking_off() -> Iterator[tuple[int, list[bytes]]]:
    """A server that takes a webhook, and goes before it has answered."""
    received: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            with suppress(OSError):  # the test is over
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        received.append(connection.recv(65_536))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], received
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE)
