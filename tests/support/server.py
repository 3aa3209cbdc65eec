"""A real `lyftr serve` process on a real file."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from lyftr_core import HexHmacSha256
from lyftr_runtime.settings import VARIABLES

SECRET = "an end-to-end secret"
LYFTR = [sys.executable, "-m", "lyftr_cli"]
PATIENCE = 180.0
STANDARD = {
    "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "WEBHOOK_SCHEME": "standard",
}
"""What makes the server take Standard Webhooks."""

Lyftr = Callable[..., subprocess.CompletedProcess[bytes]]


class LyftrServer:
    """One `lyftr serve`, its address, and what it wrote."""

    def __init__(
        self, folder: Path, *options: str, prefix: Sequence[str] = (), **variables: str
    ) -> None:
        self.output = folder / f"output-{time.monotonic_ns()}.txt"
        self.options = options
        with self.output.open("wb") as stream:
            self.process = subprocess.Popen(
                [*prefix, *LYFTR, "serve", "--port", "0", *options],
                cwd=folder,
                env=environment(**variables),
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        self.port = 0

    def __enter__(self) -> Self:
        self.port = int(self.wait_for_line('"listening"')["port"])
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE)
        self.http.get("/health/live").raise_for_status()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.stop()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def lines(self) -> list[dict[str, Any]]:
        """Return the log lines so far."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def wait_for_line(self, part: str, patience: float = PATIENCE) -> dict[str, Any]:
        """Return the first log line that holds a string, as soon as it is there."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for line in self.output.read_text().splitlines(keepends=True):
                if part in line and line.endswith("\n"):
                    found: dict[str, Any] = json.loads(line)
                    return found
            assert self.process.poll() is None, self.output.read_text()
            time.sleep(0.02)  # polling, up to the deadline
        raise AssertionError(f"no line with {part} in:\n{self.output.read_text()}")

    def deliver(self, message_id: str, **fields: object) -> httpx.Response:
        """Send one signed webhook."""
        return self.http.post("/webhook", **signed(message_id, **fields))


def refusal(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the one line of a command that refused."""
    assert done.returncode != 0, done.stdout
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("lyftr: ")
    return line


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without settings of ours, and with those given."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return {**inherited, "PYTHONWARNINGS": "error", **variables}


def signed(message_id: str, **fields: object) -> dict[str, Any]:
    """Return the content and the headers of a signed webhook."""
    message = {
        "message_id": message_id,
        "from": "+919876543210",
        "to": "+14155550100",
        "ts": "2026-01-15T09:28:35Z",
        "text": "Hello",
        **fields,
    }
    content = json.dumps(message).encode()
    return {
        "content": content,
        "headers": {"X-Signature": HexHmacSha256(SECRET).sign(content)},
    }


def raw(request: dict[str, Any]) -> bytes:
    """Return the bytes of a request that `signed` made."""
    content: bytes = request["content"]
    head = (
        "POST /webhook HTTP/1.1\r\nHost: localhost\r\n"
        f"X-Signature: {request['headers']['X-Signature']}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


Serve = Callable[..., LyftrServer]
