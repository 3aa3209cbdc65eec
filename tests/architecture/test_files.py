"""What each source file and each package has."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
FILES = sorted(SOURCE.rglob("*.py"))
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
MAX_LINES = 300


def name(file: Path) -> str:
    return str(file.relative_to(SOURCE))


def test_there_are_sources() -> None:
    assert {file.parts[len(SOURCE.parts)] for file in FILES} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package: str) -> None:
    assert (SOURCE / package / "py.typed").is_file()


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_module_says_what_it_is(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text()))


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_file_is_short(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= MAX_LINES
