"""schemathesis against a running server: it answers what its OpenAPI document says, no more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import SECRET, Serve

HOOKS = "schemathesis_hooks"


@pytest.mark.parametrize("sign", ["1", ""], ids=["signed", "unsigned"])
def test_every_answer_is_documented(serve: Serve, tmp_path: Path, sign: str) -> None:
    with serve() as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run"),
                f"{server.http.base_url}/schema/openapi.json",
                *("--checks", "all", "--max-examples", "40", "--seed", "1", "--no-color"),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parent),
                "SCHEMATHESIS_HOOKS": HOOKS,
                "SIGN_REQUESTS": sign,
                "WEBHOOK_SECRET": SECRET,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        stored = server.http.get("/stats").json()["total_messages"]
    assert done.returncode == 0, done.stdout
    assert (stored > 0) == bool(sign), "signed webhooks are stored, unsigned ones are not"
