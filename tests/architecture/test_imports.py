"""Which package may import which."""

import re
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).parents[2]
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
OURS_OR_STANDARD = {*PACKAGES, *sys.stdlib_module_names}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def third_party_imports(graph: grimp.ImportGraph, package: str) -> dict[str, set[str]]:
    """Return, for each module of a package, the third-party packages it imports by itself."""
    modules = {package, *graph.find_descendants(package)}
    imports = {
        module: {name.partition(".")[0] for name in graph.find_modules_directly_imported_by(module)}
        for module in modules
    }
    return {m: found for m, names in imports.items() if (found := names - OURS_OR_STANDARD)}


def is_testing(module: str) -> bool:
    return f"{module}.".startswith("lyftr_core.testing.")


def contracts() -> dict[str, dict[str, Any]]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {c["id"]: c for c in config["tool"]["importlinter"]["contracts"]}


def test_the_contracts_are_kept() -> None:
    lint_imports = Path(sysconfig.get_path("scripts")) / "lint-imports"
    done = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # One line for each, so that a contract which is not read is missed.
    for contract in contracts().values():
        assert f"{contract['name']} KEPT" in done.stdout


def test_these_contracts_are_there() -> None:
    assert list(contracts()) == [
        "layers",
        "acyclic-siblings",
        "layers-of-the-web-adapter",
        "rooms-of-the-adapters",
        "core-needs-msgspec-alone",
        "testing-is-for-tests",
        "adapters-are-named-once",
        "what-adapters-share-is-theirs",
        "diagnosis-is-for-operators",
    ]


def test_the_core_imports_no_third_party_package_but_msgspec(graph: grimp.ImportGraph) -> None:
    found = third_party_imports(graph, "lyftr_core")
    core = {module: names for module, names in found.items() if not is_testing(module)}
    assert set().union(*core.values()) == {"msgspec"}, core


def test_the_testing_package_imports_pytest_and_hypothesis_at_most(
    graph: grimp.ImportGraph,
) -> None:
    found = third_party_imports(graph, "lyftr_core.testing")
    assert set().union(*found.values()) <= {"msgspec", "pytest", "hypothesis"}, found


def test_only_the_http_package_knows_a_framework(graph: grimp.ImportGraph) -> None:
    for package, driver in (("lyftr_sqlite", "aiosqlite"), ("lyftr_postgres", "psycopg")):
        found = third_party_imports(graph, package)
        assert set().union(*found.values()) <= {driver, "alembic", "msgspec", "sqlalchemy"}, found


def test_what_the_sql_adapters_share_knows_no_driver(graph: grimp.ImportGraph) -> None:
    found = third_party_imports(graph, "lyftr_sql")
    assert set().union(*found.values()) == {"alembic", "msgspec", "sqlalchemy"}, found


def test_every_declared_dependency_is_forbidden_to_the_core() -> None:
    names = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in requires("lyftr") or ()}
    imported_as: dict[str, set[str]] = {}
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            imported_as.setdefault(normalize(distribution), set()).add(module)
    forbidden = set(contracts()["core-needs-msgspec-alone"]["forbidden_modules"])
    assert {n for n in names if not imported_as[normalize(n)] & forbidden} == {"msgspec"}


def normalize(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
