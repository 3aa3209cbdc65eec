"""The unit of systemd: it is valid, and fits `lyftr serve`."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from lyftr_runtime.settings import VARIABLES, Settings, load_settings
from tests.deploy.files import DEPLOY

UNIT = DEPLOY / "lyftr.service"
LYFTR = "/opt/lyftr/bin/lyftr"


@pytest.fixture
def service() -> configparser.SectionProxy:
    # A name may come twice there.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # as its documentation says
    parser.read(UNIT)
    return parser["Service"]


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("not installed: systemd-analyze")
    # It looks whether the program is there.
    program = tmp_path / "lyftr"
    program.touch(mode=0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(LYFTR, str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit],  # noqa: S607 - where the system has it
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_runs_the_server(service: configparser.SectionProxy) -> None:
    assert service["ExecStart"] == f"{LYFTR} serve"


def test_its_variables_are_settings(service: configparser.SectionProxy) -> None:
    name, _, value = service["Environment"].partition("=")
    assert name in VARIABLES
    assert load_settings({name: value}).database_url == "sqlite:////var/lib/lyftr/lyftr.db"


def test_the_database_is_where_it_may_write(service: configparser.SectionProxy) -> None:
    assert service["ProtectSystem"] == "strict"
    assert f"/var/lib/{service['StateDirectory']}" == service["WorkingDirectory"]
    assert f"{service['WorkingDirectory']}/lyftr.db" in service["Environment"]


def test_a_shutdown_has_the_time_it_needs(service: configparser.SectionProxy) -> None:
    assert int(service["TimeoutStopSec"]) > Settings().shutdown_timeout
    assert service["KillSignal"] == "SIGTERM"
