"""Each command of examples/README.md is run as it is written."""

import re
import subprocess
import sys

import pytest

from tests.examples.commands import COMMANDS, README, ROOT, SERVICES, command
from tests.support.server import environment

PYTEST = [line for line in COMMANDS if "bin/pytest" in line]


def test_every_command_is_run_by_a_test() -> None:
    of_services = [command(f"{name}") for name in ("app:from", "plain_asgi:", "flask_inbox:")]
    assert len(of_services) == len(SERVICES)
    assert len(COMMANDS) == len(of_services) + len(PYTEST) + 1  # and test_consumer.py runs the last
    assert len(PYTEST) == 3


@pytest.mark.parametrize("line", PYTEST)
def test_tests_of_an_example_pass(line: str) -> None:
    _, arguments = command(line)
    done = subprocess.run(
        [*arguments, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 5


def test_line_that_sends_a_message_is_one_that_the_services_take() -> None:
    script = "\n".join(re.findall(r"^(?:body=|printf ).*$", README, re.MULTILINE))
    script = script.replace(".venv/bin/lyftr", f"{sys.executable} -m lyftr_cli")
    done = subprocess.run(
        ["bash", "-c", script],  # noqa: S607 - where the system has it
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert done.stdout.startswith("curl ")
    assert "127.0.0.1:8000/webhook" in done.stdout
