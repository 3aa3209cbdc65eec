"""Importing does nothing: no file written, no socket, no database, no environment variable."""

import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PACKAGES = (
    "lyftr_core",
    "lyftr_diagnosis",
    "lyftr_sql",
    "lyftr_sqlite",
    "lyftr_postgres",
    "lyftr_runtime",
    "lyftr_http",
    "lyftr_cli",
)

# Run in a fresh interpreter: it notes what it is asked to do, by anybody, during the imports.
_WATCH_IMPORTS = """
import importlib, json, os, sys, threading

OURS = {"WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS", "WEBHOOK_SCHEME", "DATABASE_URL", "HOST",
        "PORT", "LOG_LEVEL", "LOG_FORMAT"}
EVENTS = {"sqlite3.connect", "subprocess.Popen", "os.mkdir", "os.remove", "os.rename",
          "os.system", "os.fork", "os.putenv"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
seen = []

def note_event(event, args):
    if event == "open":
        path, _, flags = args
        if flags & WRITING or str(path).endswith(".env"):
            seen.append(f"open {path}")
    elif event in EVENTS or event.startswith("socket."):
        seen.append(f"{event} {args}")

class Environment(dict):
    def note(self, key):
        frame, walked = sys._getframe(2), False
        while frame.f_globals["__name__"] in ("os", "collections.abc", "_collections_abc"):
            walked |= frame.f_code.co_name == "__iter__"
            frame = frame.f_back
        ours = frame.f_globals["__name__"].startswith("lyftr_")
        # The standard library's wsgiref walks through all variables; it asks for none of ours.
        if ours or (os.fsdecode(key) in OURS and not walked):
            seen.append(f"environment {os.fsdecode(key)}")

    def __getitem__(self, key):
        self.note(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.note(key)
        return super().__contains__(key)

    def __iter__(self):
        self.note(b"(all)")
        return super().__iter__()

os.environ._data = Environment(os.environ._data)
sys.addaudithook(note_event)
before = set(sys.modules)
effects = {}
for module in sys.argv[1:]:
    importlib.import_module(module)
    seen += [f"thread {thread}" for thread in threading.enumerate()[1:]]
    effects[module], seen = seen, []
print(json.dumps({"effects": effects, "modules": sorted(set(sys.modules) - before)}))
"""


def modules_of(package: str) -> list[str]:
    """Return every module of a package; a script of a migration is no module."""
    path = import_module(package).__path__
    found = [package, *(m.name for m in pkgutil.walk_packages(path, f"{package}."))]
    return [name for name in found if ".migrations" not in name]


def watch_imports(folder: Path, *modules: str) -> tuple[dict[str, list[str]], set[str]]:
    """Return what the import of each module did, and what modules they all have loaded."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", _WATCH_IMPORTS, *modules],
        cwd=folder,
        # No other variables: what a coverage tool would do in the child is not the question.
        env={"WEBHOOK_SECRET": "s", "DATABASE_URL": "sqlite:///x.db", "PORT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    return report["effects"], set(report["modules"])


def third_party(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_the_modules_of_a_package_does_nothing(package: str, tmp_path: Path) -> None:
    modules = modules_of(package)
    assert len(modules) > 5
    effects, _ = watch_imports(tmp_path, *modules)
    assert effects == {module: [] for module in modules}
    assert list(tmp_path.iterdir()) == []


def test_importing_the_core_loads_no_third_party_package_but_msgspec(tmp_path: Path) -> None:
    _, of_msgspec = watch_imports(tmp_path, "msgspec")
    _, of_core = watch_imports(tmp_path, "lyftr_core")
    assert third_party(of_core) == {"lyftr_core", *third_party(of_msgspec)}
    assert "msgspec" in third_party(of_msgspec)


def test_importing_the_core_does_not_load_its_testing_package(tmp_path: Path) -> None:
    _, loaded = watch_imports(tmp_path, "lyftr_core")
    assert not [name for name in loaded if name.startswith("lyftr_core.testing")]


@pytest.mark.parametrize("module", ["lyftr_core", "lyftr_core.testing", "lyftr_cli.main"])
def test_what_serves_requests_does_not_load_the_diagnosis_of_signatures(
    tmp_path: Path, module: str
) -> None:
    _, loaded = watch_imports(tmp_path, module)
    assert module in loaded
    assert not [name for name in loaded if "diagnosis" in name]


@pytest.mark.parametrize(
    ("statement", "noted"),
    [
        ("open('x', 'w')", "open x"),
        ("import socket; socket.socket()", "socket.__new__"),
        ("import sqlite3; sqlite3.connect('x')", "sqlite3.connect"),
        ("import threading; threading.Timer(1, int).start()", "thread <Timer"),
        ("import os; os.environ.get('DATABASE_URL')", "environment DATABASE_URL"),
        ("import os; os.getenv('PORT')", "environment PORT"),
        ("import os; 'HOST' in os.environ", "environment HOST"),
    ],
)
def test_the_watch_sees_what_it_is_there_for(statement: str, noted: str, tmp_path: Path) -> None:
    (tmp_path / "guilty.py").write_text(statement)
    effects, _ = watch_imports(tmp_path, "guilty")
    assert effects["guilty"][0].startswith(noted)


def test_the_watch_sees_our_walk_through_the_environment(tmp_path: Path) -> None:
    (tmp_path / "lyftr_guilty.py").write_text("import os; all = {**os.environ}")
    effects, _ = watch_imports(tmp_path, "lyftr_guilty")
    assert "environment (all)" in effects["lyftr_guilty"]


def test_the_help_and_the_tab_key_wait_for_no_framework(tmp_path: Path) -> None:
    _, loaded = watch_imports(tmp_path, "lyftr_cli.main")
    assert not third_party(loaded) & {"litestar", "rich", "sqlalchemy", "uvicorn"}


_RUN_COMMANDS = """
import json, sys
from lyftr_cli.main import cli

for words in json.loads(sys.argv[1]):
    try:
        cli.main(words, prog_name="lyftr", standalone_mode=False)
    except SystemExit as ended:
        if ended.code:
            raise
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
_OF_A_DATABASE = [
    ["migrate"],
    ["tail", "-n", "1"],
    ["search", "hello"],
    ["stats"],
    ["conflicts"],
    ["export"],
    ["import", "messages.jsonl"],
    ["check"],
    ["rebuild"],
    ["backup", "copy.db"],
    ["restore", "copy.db"],
    ["purge", "--older-than", "90d", "--yes"],
    ["erase", "--number", "+919876543210", "--yes"],
]
_OF_THE_WEB = {"dependency_injector", "jinja2", "litestar", "prometheus_client", "uvicorn"}


def test_commands_on_a_database_load_nothing_of_the_web(tmp_path: Path) -> None:
    (tmp_path / "messages.jsonl").touch()
    done = subprocess.run(
        [sys.executable, "-c", _RUN_COMMANDS, json.dumps(_OF_A_DATABASE)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}
    assert "sqlalchemy" in loaded
    assert not loaded & _OF_THE_WEB
