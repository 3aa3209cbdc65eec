"""Run by the `package` session in an environment that holds the wheel and its dependencies only."""

import subprocess
import sys
from importlib.metadata import distributions
from importlib.resources import files
from pathlib import Path

import lyftr_core
from lyftr_core.vectors import load_vectors

installed = {distribution.name for distribution in distributions()} - {"pip", "setuptools"}
assert installed == {"lyftr", "msgspec"}, installed
for package in (
    "lyftr_core",
    "lyftr_diagnosis",
    "lyftr_sql",
    "lyftr_sqlite",
    "lyftr_postgres",
    "lyftr_runtime",
    "lyftr_http",
    "lyftr_cli",
):
    root = files("lyftr_core").joinpath("..", package)
    assert root.joinpath("py.typed").is_file(), package
assert lyftr_core.HexHmacSha256("secret").sign(b"{}")
assert len(load_vectors()) > 5

command = subprocess.run(
    [Path(sys.executable).with_name("lyftr"), "--version"],
    capture_output=True,
    text=True,
    check=False,
)
assert command.returncode != 0, command
assert "lyftr[server]" in command.stderr, command
assert command.stderr.count("\n") == 1, command
sys.stdout.write("core: imported with msgspec alone\n")
