"""The configuration of nginx on its page, in a real nginx in front of a real server."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from lyftr_core import HexHmacSha256
from lyftr_core.testing.strategies.samples import FIELDS
from tests.deploy.spellings import assert_hidden, hidden_paths
from tests.site.pages import ROOT, blocks_of
from tests.site.reader import PATIENCE, Reader
from tests.support.polling import wait_until

BLOCKS = blocks_of(ROOT / "docs" / "how-to" / "nginx.md")
(SERVER,) = [block for block in BLOCKS if block.language == "sh" and block.is_run]
(CONFIGURATION,) = [block for block in BLOCKS if block.language == "nginx"]
SECRET, TOKEN = "a-secret", "a-token"
_FRAME = """
daemon off;
pid {0}/nginx.pid;
error_log {0}/error.log;
events {{}}
http {{
    client_body_temp_path {0}/body;
    proxy_temp_path {0}/proxy;
    fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi;
    scgi_temp_path {0}/scgi;
    {1}
}}
"""


class Front(NamedTuple):
    """What senders and readers see, and what is behind it."""

    https: httpx.Client
    http: httpx.Client
    lyftr: Reader
    log: Path
    process: subprocess.Popen[bytes]


def deliver(front: Front, message_id: str, **headers: str) -> httpx.Response:
    body = httpx.Request("POST", "/", json={**FIELDS, "message_id": message_id}).content
    signed = {"X-Signature": HexHmacSha256(SECRET).sign(body), **headers}
    return front.https.post("/webhook", content=body, headers=signed)


def is_taken(front: Front, message_id: str) -> bool:
    """Try once, as a sender does who will try again."""
    try:
        return deliver(front, message_id).status_code == 200
    except httpx.TransportError:  # nginx closes connections when it is reloaded
        return False


def read(front: Front, path: str, **headers: str) -> httpx.Response:
    return front.https.get(path, headers={"Authorization": f"Bearer {TOKEN}", **headers})


@contextmanager
def opened() -> Iterator[Front]:
    if missing := [tool for tool in ("nginx", "openssl", "bash") if shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    # Not pytest's folder: the name of a socket has to be short.
    with tempfile.TemporaryDirectory() as name, Reader(Path(name)) as reader:
        folder = Path(name)
        _make_certificate(folder)
        reader.run(SERVER)
        _configure(folder, reader)
        # In the foreground, as the owner of the folder, which is closed to others.
        command = ["nginx", "-p", name, "-c", f"{name}/nginx.conf", "-g", _user()]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            front = _connect(folder, reader, process)
            with front.https, front.http:
                yield front
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with opened() as front:
        yield front


def _configure(folder: Path, reader: Reader) -> None:
    (folder / "nginx.conf").write_text(_FRAME.format(folder, _configuration(folder, reader)))


def _user() -> str:
    return "user root;" if os.getuid() == 0 else "worker_processes 1;"


def _configuration(folder: Path, reader: Reader) -> str:
    """The page's own, but for places and ports that others may have taken."""
    text = CONFIGURATION.text
    for own, ours in [
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{reader.port};"),
        ("listen 80;", f"listen unix:{folder}/http.sock;"),
        ("listen 443 ssl;", f"listen unix:{folder}/https.sock ssl;"),
        ("/etc/ssl/certs/inbox.example.com.pem", f"{folder}/certificate.pem"),
        ("/etc/ssl/private/inbox.example.com.key", f"{folder}/key.pem"),
        ("/var/log/nginx/lyftr.log", f"{folder}/lyftr.log"),
    ]:
        assert text.count(own) == 1
        text = text.replace(own, ours)
    return text


def _make_certificate(folder: Path) -> None:
    subject = ("-subj", "/CN=inbox.example.com", "-addext", "subjectAltName=DNS:inbox.example.com")
    files = ("-keyout", folder / "key.pem", "-out", folder / "certificate.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)


def _connect(folder: Path, reader: Reader, process: subprocess.Popen[bytes]) -> Front:
    def ready() -> bool:
        assert process.poll() is None, (folder / "error.log").read_text()
        return all((folder / f"{name}.sock").exists() for name in ("http", "https"))

    wait_until(ready)
    context = ssl.create_default_context(cafile=folder / "certificate.pem")
    https = httpx.HTTPTransport(uds=str(folder / "https.sock"), verify=context)
    http = httpx.HTTPTransport(uds=str(folder / "http.sock"))
    host = "inbox.example.com"
    return Front(
        httpx.Client(transport=https, base_url=f"https://{host}", timeout=PATIENCE),
        httpx.Client(transport=http, base_url=f"http://{host}", timeout=PATIENCE),
        reader,
        folder / "lyftr.log",
        process,
    )


def test_a_webhook_goes_through(front: Front) -> None:
    assert deliver(front, "through").json() == {"status": "ok"}
    assert read(front, "/messages/through").json()["message_id"] == "through"


def test_readers_need_a_token_though_nginx_is_on_the_same_machine(front: Front) -> None:
    assert front.https.get("/messages").status_code == 401


@pytest.mark.parametrize("message_id", ["a/b", "/", "a b", "100%", "%2F", "é", "a//b", "a?b#c"])
def test_every_identifier_is_found_at_its_address(front: Front, message_id: str) -> None:
    assert deliver(front, message_id).status_code == 200
    path = "/messages/" + "".join(f"%{byte:02X}" for byte in message_id.encode())
    assert read(front, path).json()["message_id"] == message_id


def test_an_identifier_of_the_request_comes_back(front: Front) -> None:
    answer = deliver(front, "with-id", **{"X-Request-ID": "of-the-client"})
    assert answer.headers["X-Request-ID"] == "of-the-client"


def test_a_request_without_identifier_has_the_one_of_nginx(front: Front) -> None:
    made = deliver(front, "without-id").headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    wait_until(lambda: made in front.log.read_text())


def test_a_body_over_the_limit_is_answered_by_lyftr(front: Front) -> None:
    answer = front.https.post("/webhook", content=b"a" * (64 * 1024 + 1))
    assert answer.status_code == 413
    assert "detail" in answer.json()


def test_a_body_far_over_the_limit_does_not_reach_lyftr(front: Front) -> None:
    assert front.https.post("/webhook", content=b"a" * 200_000).status_code == 413


def test_a_chunked_body_is_taken(front: Front) -> None:
    body = httpx.Request("POST", "/", json={**FIELDS, "message_id": "chunked"}).content
    signed = {"X-Signature": HexHmacSha256(SECRET).sign(body)}
    answer = front.https.post("/webhook", content=iter([body[:9], body[9:]]), headers=signed)
    assert answer.status_code == 200


def test_a_stream_is_passed_on_as_it_comes(front: Front) -> None:
    token = {"Authorization": f"Bearer {TOKEN}"}
    with front.https.stream("GET", "/stream", headers=token) as answer:
        pieces = answer.iter_text()
        text = next(pieces)
        assert text.startswith("retry: ")
        assert deliver(front, "streamed").status_code == 200
        while '"message_id":"streamed"' not in text:
            text += next(pieces)


def test_the_log_of_nginx_has_no_query(front: Front) -> None:
    number = "15550107777"
    assert read(front, f"/messages?from=%2B{number}").status_code == 200
    assert deliver(front, "after").status_code == 200
    wait_until(lambda: "GET /messages 200" in front.log.read_text())
    assert number not in front.log.read_text()


def test_what_is_for_the_machine_itself_is_hidden_in_every_spelling(front: Front) -> None:
    shown = "http_requests_total{"
    assert hidden_paths(CONFIGURATION.text) == ["/metrics"]
    assert shown in httpx.get(f"http://127.0.0.1:{front.lyftr.port}/metrics").text
    assert_hidden(front.https, "/metrics", shown)


@pytest.mark.parametrize("path", ["/docs", "/schema/openapi.json"])
def test_the_api_is_described(front: Front, path: str) -> None:
    assert front.https.get(path).status_code == 200


def test_a_login_counts_over_tls_alone(front: Front) -> None:
    asked = front.https.get("/")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/login?next=/")
    answer = front.https.post(
        "/login", data={"token": TOKEN}, headers={"Origin": str(front.https.base_url).rstrip("/")}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert answer.headers["Set-Cookie"].startswith("__Host-lyftr_session=")
    assert answer.headers["Set-Cookie"].endswith("; Secure")
    with_session = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    front.https.cookies.clear()
    assert front.https.get("/", headers=with_session).status_code == 200
    assert front.https.get("/messages", headers=with_session).status_code == 200


def test_plain_http_is_sent_to_https(front: Front) -> None:
    answer = front.http.get("/messages/a%2Fb?limit=1")
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://inbox.example.com/messages/a%2Fb?limit=1"


def test_browsers_are_told_to_stay_with_https(front: Front) -> None:
    values = front.https.get("/health/live").headers.get_list("Strict-Transport-Security")
    assert values == ["max-age=31536000"]


def test_connections_to_lyftr_are_kept(front: Front) -> None:
    before = _connections(front)
    for number in range(10):
        assert deliver(front, f"kept-{number}").status_code == 200
    assert _connections(front) - before <= 1


def _connections(front: Front) -> int:
    """How many connections to the server there are, busy or left to time out."""
    port = f":{front.lyftr.port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(port) for line in lines)


def test_what_is_refused_while_lyftr_is_down_is_taken_afterwards() -> None:
    with opened() as front:
        assert deliver(front, "before").status_code == 200
        front.lyftr.stop()
        assert deliver(front, "meanwhile").status_code == 502
        front.lyftr.run(SERVER)
        _configure(front.log.parent, front.lyftr)  # the port is another one now
        front.process.send_signal(signal.SIGHUP)
        wait_until(lambda: is_taken(front, "meanwhile"))
        assert read(front, "/messages").json()["total"] == 2
