"""Image and compose file, as far as they can be looked at without Docker."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lyftr_cli.main import cli
from lyftr_runtime.settings import VARIABLES, load_settings
from tests.deploy.files import DEPLOY, ROOT, dockerfile, read_yaml
from tests.support.server import SECRET, LyftrServer

COMPOSE = read_yaml("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = ["lyftr-1", "lyftr-2"]
OF_OTHERS = {
    "PATH",  # where the system looks for programs
    "PGPASSWORD",  # libpq
    "POSTGRES_DB",  # the image of PostgreSQL, as the next two
    "POSTGRES_PASSWORD",
    "POSTGRES_USER",
}
"""Variables that are not lyftr's."""
IN_EXAMPLE = re.compile(r"^([A-Z_]+)=", re.MULTILINE)


def of_image() -> dict[str, str]:
    (text,) = [rest for instruction, rest in dockerfile() if instruction == "ENV"]
    return dict(pair.split("=", 1) for pair in text.split())


def copied() -> list[str]:
    """What the image takes from the repository."""
    return [
        source
        for instruction, rest in dockerfile()
        if instruction == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]


def test_everything_that_the_image_copies_is_there() -> None:
    assert "src" in copied()
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_what_docker_is_sent_is_what_the_image_copies() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] != "#"]
    assert lines[0] == "*"
    assert sorted(line[1:] for line in lines if line[0] == "!") == sorted(copied())


def test_the_image_installs_extras_that_there_are() -> None:
    (command,) = [rest for _, rest in dockerfile() if "pip install" in rest]
    found = re.search(r'-c (\S+) "\$\(ls dist/\*\.whl\)\[(.*)\]"', command)
    assert found
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(found[2].split(",")) <= project["optional-dependencies"].keys()
    assert found[1] in copied()


def test_what_builds_the_image_is_pinned() -> None:
    (command,) = [rest for _, rest in dockerfile() if "pip install" in rest]
    builds = [part for part in command.split("&&") if "pip wheel" in part or "install" in part]
    assert all("-c constraints.txt" in part or "--no-build-isolation" in part for part in builds)
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    for requirement in requires:
        name = re.split("[<>=~!]", requirement)[0]
        assert f" {name} " in f" {command} "
        assert any(pin.startswith(f"{name}==") for pin in pins)


def test_the_image_has_what_the_build_reads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = [project["project"]["readme"], "LICENSE", "pyproject.toml"]
    assert {*needed, *(name.partition("/")[0] for name in packages)} <= set(copied())


def test_the_image_does_not_run_as_root() -> None:
    users = [rest for instruction, rest in dockerfile() if instruction == "USER"]
    assert [re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None for user in users] == [True]


def test_the_settings_of_the_image_are_taken() -> None:
    settings = load_settings(of_image())
    assert settings.shutdown_timeout < 10  # after which `docker stop` kills
    (volume,) = [rest for instruction, rest in dockerfile() if instruction == "VOLUME"]
    assert settings.database_url == f"sqlite:///{volume}/lyftr.db"


def test_every_variable_is_known() -> None:
    example = IN_EXAMPLE.findall((DEPLOY / "env.example").read_text())
    of_services = [name for service in SERVICES.values() for name in service.get("environment", {})]
    named = {*of_image(), *of_services, *example}
    assert named - VARIABLES.keys() == OF_OTHERS


def test_the_example_has_every_secret_of_the_compose_file() -> None:
    wanted = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))
    example = (DEPLOY / "env.example").read_text()
    assert set(IN_EXAMPLE.findall(example)) == wanted
    assert re.findall(r"^[A-Z_]+=.+", example, re.MULTILINE) == []


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_of_the_compose_file_has_settings_that_are_taken(name: str) -> None:
    variables = SERVICES[name]["environment"]
    assert variables["WEBHOOK_SECRET"].startswith("${WEBHOOK_SECRET:?")
    assert variables["API_TOKENS"].startswith("${API_TOKENS:?")
    settings = load_settings({key: text for key, text in variables.items() if "${" not in text})
    assert settings.database_url.startswith("postgresql://")
    assert int(SERVICES[name]["stop_grace_period"].rstrip("s")) > settings.shutdown_timeout


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_waits_until_the_schema_is_there(name: str) -> None:
    conditions = {other: how["condition"] for other, how in SERVICES[name]["depends_on"].items()}
    assert conditions == {"migrate": "service_completed_successfully"}
    assert SERVICES["migrate"]["command"] == ["migrate"]
    database = SERVICES["migrate"]["environment"]["DATABASE_URL"]
    assert database == SERVICES[name]["environment"]["DATABASE_URL"]
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_commands_are_those_of_lyftr() -> None:
    (default,) = [json.loads(rest) for instruction, rest in dockerfile() if instruction == "CMD"]
    for command in default, SERVICES["migrate"]["command"]:
        assert len(command) == 1
        assert command[0] in cli.commands


def test_every_service_has_a_health_check_but_the_one_that_ends() -> None:
    checked = {name for name, service in SERVICES.items() if "test" in service["healthcheck"]}
    assert SERVICES.keys() - checked == {"migrate"}


def test_prometheus_and_nginx_ask_every_server() -> None:
    addresses = [f"{name}:{of_image()['PORT']}" for name in SERVERS]
    (job,) = read_yaml("prometheus/prometheus.yml")["scrape_configs"]
    assert job == {"job_name": "lyftr", "static_configs": [{"targets": addresses}]}
    nginx = (DEPLOY / "nginx.conf").read_text()
    assert re.findall(r"^ +server (\S+:\d+) ", nginx, re.MULTILINE) == addresses
    assert SERVICES["nginx"]["depends_on"].keys() == set(SERVERS)


def test_every_file_that_is_mounted_is_there() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    files = [mount.partition(":")[0] for mount in mounts if mount.startswith(".")]
    assert len(files) == 2
    assert [name for name in files if not (DEPLOY / name).exists()] == []


def test_the_health_checks_tell_a_server_that_works_from_one_that_does_not(tmp_path: Path) -> None:
    (text,) = [rest for instruction, rest in dockerfile() if instruction == "HEALTHCHECK"]
    of_dockerfile = json.loads(text.partition(" CMD ")[2])
    of_compose = SERVICES["lyftr-1"]["healthcheck"]["test"][1:]
    with LyftrServer(tmp_path, WEBHOOK_SECRET=SECRET) as server:
        port = server.port
        assert is_healthy(of_dockerfile, port)
        assert is_healthy(of_compose, port)
    with LyftrServer(tmp_path) as server:  # without a secret it lives and is not ready
        assert is_healthy(of_dockerfile, server.port)
        assert not is_healthy(of_compose, server.port)
    assert not is_healthy(of_dockerfile, port)
    assert not is_healthy(of_compose, port)


def is_healthy(command: list[str], port: int) -> bool:
    program, *arguments = [part.replace(":8000", f":{port}") for part in command]
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PORT": str(port)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0
