"""Starts of a server, and commands beside one."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.results import checked, ok
from tests.support.server import LYFTR, PATIENCE, Lyftr, Serve, environment


def test_check_and_rebuild_work_beside_a_server(serve: Serve, lyftr: Lyftr) -> None:
    with serve() as server:
        for number in range(3):
            server.deliver(f"m{number}").raise_for_status()
        assert set(checked(lyftr("check")).values()) == {"ok"}
        assert lyftr("rebuild").returncode == 0
        server.deliver("m3").raise_for_status()
        assert server.http.get("/messages").json()["total"] == 4
        assert server.http.get("/stats").json()["total_messages"] == 4
        assert set(checked(lyftr("check")).values()) == {"ok"}


def test_without_a_secret_it_starts_says_so_once_and_is_not_ready(serve: Serve) -> None:
    with serve(WEBHOOK_SECRET="") as server:
        ready = server.http.get("/health/ready")
        answer = server.deliver("m1")
        warnings = [line for line in server.lines() if "WEBHOOK_SECRET" in line["event"]]
    assert ready.status_code == 503
    assert ready.json()["checks"] == {"database": "ok", "webhook_secret": "not configured"}
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("scheme", "form"), [("lyftr", r"\S{32}"), ("standard", r"whsec_[0-9A-Za-z+/]{32}")]
)
def test_dev_prints_a_secret_and_a_curl_line_that_works_when_pasted(
    tmp_path: Path, scheme: str, form: str
) -> None:
    command = [*LYFTR, "serve", "--dev", "--port", "0"]
    variables = environment(WEBHOOK_SCHEME=scheme)
    with subprocess.Popen(
        command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            printed = [server.stdout.readline() for _ in range(5)]
            assert re.fullmatch(rf"WEBHOOK_SECRET for this run: {form}\n", printed[0])
            assert ("within five minutes" in printed[1]) == (scheme == "standard")
            words = shlex.split(printed[3])
            assert "listening" in server.stdout.readline()
            answer = _run_curl(words)
            assert "request" in server.stdout.readline()
        finally:
            server.terminate()
    assert answer == {"status": "ok"}


def test_dev_does_not_print_a_secret_that_is_configured(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*LYFTR, "serve", "--dev", "--port", "0"],
        cwd=tmp_path,
        env=environment(WEBHOOK_SECRET="a configured secret"),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            printed = ""
            while "listening" not in printed:
                line = server.stdout.readline()
                assert line, printed
                printed += line
        finally:
            server.terminate()
    assert "curl" in printed
    assert "a configured secret" not in printed


def _run_curl(words: list[str]) -> object:
    """Do what the curl line says, with curl where it is installed."""
    try:
        done = subprocess.run(words, capture_output=True, timeout=60, check=True)
    except FileNotFoundError:
        headers = dict(w.split(": ", 1) for w in words if ": " in w and not w.startswith("{"))
        return httpx.post(words[2], headers=headers, content=words[-1].encode()).json()
    return json.loads(done.stdout)


def test_text_and_file_names_are_utf_8_whatever_the_locale_says(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    ok(lyftr("migrate"))
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [*LYFTR, "export", "--q", "héé", "--output", "é.jsonl"],
        cwd=tmp_path,
        env=environment(**ascii_only),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "é.jsonl").read_bytes() == b""
