"""schemathesis against a running server: it answers what its OpenAPI document says, no more."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.server import STANDARD, Serve

HOOKS = "tests.system.schemathesis_hooks"
_TOKEN = "a-token-for-schemathesis"
SECRET = STANDARD["WEBHOOK_SECRET"]
"""Of the form that each scheme takes."""
_LONGEST = 150
"""Several times what it takes, in seconds, four at a time on a busy machine too."""
_ATTEMPTS = 3
"""Seen three times, with Python 3.11.7: it came to no end, and asked the server nothing more. Where
it was looked at, it span in the callback of a weak reference while it compiled the paths."""


def _schemathesis(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    for _ in range(_ATTEMPTS - 1):
        with suppress(subprocess.TimeoutExpired):
            return _run_schemathesis(*arguments, folder=folder)
    return _run_schemathesis(*arguments, folder=folder)


def _run_schemathesis(
    document: str, scheme: str, sign: str, *options: str, folder: Path
) -> "subprocess.CompletedProcess[str]":
    root = str(Path(__file__).parents[2])
    examples = "40" if sign else "20"  # nearly all that is not signed is the same one answer
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", document),
            *("--checks", "all", "--max-examples", examples, "--seed", "1", "--no-color"),
            *options,
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
            "SCHEMATHESIS_HOOKS": HOOKS,
            "SIGN_REQUESTS": sign,
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_SCHEME": scheme,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST,
    )


@pytest.mark.parametrize("scheme", ["lyftr", "standard"])
@pytest.mark.parametrize("sign", ["1", ""], ids=["signed", "unsigned"])
def test_every_answer_is_documented(serve: Serve, tmp_path: Path, sign: str, scheme: str) -> None:
    with serve(WEBHOOK_SECRET=SECRET, WEBHOOK_SCHEME=scheme) as server:
        document = f"{server.http.base_url}/schema/openapi.json"
        done = _schemathesis(document, scheme, sign, folder=tmp_path)
        stored = server.http.get("/stats").json()["total_messages"]
    assert done.returncode == 0, done.stdout
    assert (stored > 0) == bool(sign), "signed webhooks are stored, unsigned ones are not"


@pytest.mark.parametrize(
    "options", [("--header", f"Authorization: Bearer {_TOKEN}"), ()], ids=["token", "no token"]
)
def test_every_answer_is_documented_where_tokens_are_asked_for(
    serve: Serve, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with serve(API_TOKENS=_TOKEN) as server:
        document = f"{server.http.base_url}/schema/openapi.json"
        excluded = ("--exclude-path", "/webhook")
        done = _schemathesis(document, "lyftr", "", *excluded, *options, folder=tmp_path)
        lines = [line for line in server.lines() if line.get("path") == "/messages"]
    assert done.returncode == 0, done.stdout
    statuses = {line["status"] for line in lines if line["method"] in {"GET", "HEAD"}}
    assert (200 in statuses) == bool(options)
