"""A reader who types what a page says, in two terminals: one runs the server, one the rest."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx

from lyftr_runtime.settings import VARIABLES
from tests.site.pages import Block

__all__ = ["PATIENCE", "Reader"]

PATIENCE = 600.0
"""How long to wait for what must come, in seconds."""
_INSTALLATION = re.compile(
    r"python3 -m venv \.venv && \.venv/bin/pip install [^&\n]*?(?= &&|$)", re.MULTILINE
)
_SERVER = re.compile(r"^.*\blyftr serve\b[^|&]*\n\Z", re.MULTILINE)
_LISTENING = re.compile(r'listening.*\bport"?[=:] ?(\d+)')
_COLOURS = re.compile(r"\x1b\[[\d;]*m")
_STATE = "set +eu; cd {0}; . {1}/state 2>/dev/null; export PORT={2}; set -euo pipefail"
_SAVING = "trap 'declare -p > {0}/state; echo \"cd $PWD\" >> {0}/state' EXIT"


class Reader:
    """Runs the shell blocks of one page.

    The environment that a page has its reader make is this one, so the installing is left out.
    Ports are free ones; the page's 8000 stands for the port of the server that runs.

    Args:
        folder: An empty one, where the reader stands.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "here"
        self._notes = folder / "notes"
        self.folder.mkdir()
        self._notes.mkdir()
        (self.folder / ".venv").symlink_to(sys.prefix)
        self._server: subprocess.Popen[bytes] | None = None
        self.port = 8000

    def run(self, block: Block) -> str:
        """Run one block; a server that it starts goes on running. Return what it printed."""
        script = _INSTALLATION.sub("true", block.text).replace(":8000", f":{self.port}")
        if _SERVER.search(script):
            self._serve(script)
            return ""
        done = self._shell(script, str(self.port))
        assert done.returncode == block.exit_status, f"{block.text}\n{done.stdout}\n{done.stderr}"
        return done.stdout.replace(f":{self.port}", ":8000")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the server, if one runs."""
        if self._server:
            self._server.send_signal(number)
            assert self._server.wait(PATIENCE) in {0, -number}
            self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running."""
        if self._server:
            self._server.kill()
            self._server.wait()

    def _shell(self, script: str, port: str) -> subprocess.CompletedProcess[str]:
        state = _STATE.format(self.folder, self._notes, port)
        saving = _SAVING.format(self._notes)
        return subprocess.run(
            ["bash", "-c", f"{state}\n{saving}\n{script}"],  # noqa: S607 - the reader's shell
            env=_environment(port),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def _serve(self, script: str) -> None:
        self.stop()
        before, last = script.rstrip("\n").rpartition("\n")[::2]
        # In its own terminal: variables of the other are not there.
        output = self._notes / f"server-{time.monotonic_ns()}.txt"
        with output.open("wb") as stream:
            self._server = subprocess.Popen(
                ["bash", "-c", f"set -eu; cd {self.folder}\n{before}\n{_as_exec(last)}"],  # noqa: S607 - as above
                env=_environment("0"),
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        self.port = self._port_of(output)
        if "--dev" in last:
            self._paste_curl_line(output)

    def _port_of(self, output: Path) -> int:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self._server
            assert self._server.poll() is None, output.read_text()
            if found := _LISTENING.search(_COLOURS.sub("", output.read_text())):
                port = int(found[1])
                httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=PATIENCE)
                return port
            time.sleep(0.02)  # polling, up to the deadline
        raise AssertionError(output.read_text())

    def _paste_curl_line(self, output: Path) -> None:
        """Do what the page and the server say: deliver the first message."""
        (line,) = re.findall(r"^  (curl .*)$", output.read_text(), re.MULTILINE)
        done = self._shell(line, str(self.port))
        assert done.stdout == '{"status":"ok"}', done.stderr


def _as_exec(line: str) -> str:
    """Let the last command take the place of its shell, so that signals reach it."""
    before, also, command = line.rpartition("&& ")
    variables = re.match(r"([A-Z_]+=\S+ )*", command)
    assert variables
    return f"{before}{also}{variables[0]}exec {command[variables.end() :]}"


def _environment(port: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    path = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
    return {**inherited, "PATH": path, "PORT": port}
