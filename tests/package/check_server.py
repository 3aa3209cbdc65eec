"""Run by the `package` session in an environment that holds the wheel with the extra `server`."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from importlib.metadata import metadata
from pathlib import Path

licences = metadata("lyftr").get_all("License-File") or []
assert {Path(name).parent.name for name in licences} >= {"htmx", "uplot", "swagger_ui"}, licences

with (
    tempfile.TemporaryDirectory() as folder,
    subprocess.Popen(
        [Path(sys.executable).with_name("lyftr"), "serve", "--port", "0"],
        cwd=folder,
        env={**os.environ, "WEBHOOK_SECRET": "a secret of this check"},
        stdout=subprocess.PIPE,
    ) as server,
):
    try:
        assert server.stdout is not None
        port = json.loads(server.stdout.readline())["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=20) as answer:
            assert answer.status == 200, answer.status
            sys.stdout.write(f"server: {answer.read().decode()}\n")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            loaded = re.findall(r'"(/static/[^"]+)"', answer.read().decode())
        assert len(loaded) >= 5, loaded
        for path in (*loaded, "/docs", "/docs/swagger-ui-bundle.js", "/docs/start.js"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                assert answer.read(), path
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0, server.returncode
