"""The commands of examples/README.md, as its reader has them, and the services that they start."""

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from lyftr_core import HexHmacSha256
from tests.support.server import PATIENCE, environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "examples" / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if "examples" in line and "install" not in line
]
SECRET = "secret"
SERVICES = ("fastapi_service", "plain_asgi", "flask_inbox")

_PROGRAM = re.compile(r"\.venv/bin/(\w+)")
_PORT = re.compile(r"running on http://127\.0\.0\.1:(\d+)", re.IGNORECASE)
# The size of every file is limited as on a disk that is full; Python gets EFBIG.
_LIMITED = (
    "import os, resource, sys;"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2);"
    "os.execv(sys.argv[2], sys.argv[2:])"
)


def command(part: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables and the arguments of the one command that holds a string."""
    (line,) = (line for line in COMMANDS if part in line)
    words = shlex.split(line)
    variables = [word for word in words if re.match(r"[A-Z_]+=", word)]
    program, *arguments = words[len(variables) :]
    found = _PROGRAM.fullmatch(program)
    assert found, f"not in the environment that the page sets up: {program}"
    module = [] if found[1] == "python" else ["-m", found[1]]
    pairs = dict(word.split("=", 1) for word in variables)
    return pairs, [sys.executable, *module, *arguments]


class Service:
    """One of the services in a process of its own, in a folder of its own, on a free port."""

    def __init__(
        self, name: str, folder: Path, *, file_limit: int | None = None, **variables: str
    ) -> None:
        given, arguments = command(f"--factory examples.{name}" if name != "flask_inbox" else name)
        limit = [] if file_limit is None else [sys.executable, "-c", _LIMITED, str(file_limit)]
        variables = {**given, **variables}
        self.folder = folder
        self._output = folder / f"output-{time.monotonic_ns()}.txt"
        with self._output.open("wb") as stream:
            self.process = subprocess.Popen(
                [*limit, *arguments, "--port", "0"],
                cwd=folder,
                env=with_root(environment(**variables)),
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        try:
            self.port = self._wait_for_port()
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.stop()

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while not (found := _PORT.search(self.output)):
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)  # another process writes it
        return int(found[1])

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self._output.read_text()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Send a signal, and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(PATIENCE)

    def post(self, content: bytes, signatures: Sequence[str] | None = None) -> httpx.Response:
        """Send a body, by default with its signature."""
        if signatures is None:
            signatures = [HexHmacSha256(SECRET).sign(content)]
        headers = [(b"X-Signature", signature.encode("latin-1")) for signature in signatures]
        return self.http.post("/webhook", content=content, headers=headers)

    def items(self) -> dict[str, dict[str, Any]]:
        """Return all messages by their identifiers, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.http.get("/messages", params={"cursor": cursor}).raise_for_status().json()
            found += page["items"]
            if not page["next_cursor"]:
                break
            cursor = page["next_cursor"]
        assert len(found) == page["total"] == len({item["message_id"] for item in found})
        return {item["message_id"]: item for item in found}


def with_root(variables: dict[str, str]) -> dict[str, str]:
    """Return variables with which Python finds the examples from any folder."""
    path = [str(ROOT), *filter(None, [variables.get("PYTHONPATH")])]
    return {**variables, "PYTHONPATH": ":".join(path)}
