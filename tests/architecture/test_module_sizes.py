"""How small a module may be, and how many a folder may hold: each is a room with a reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
PACKAGES = sorted(folder.parent.name for folder in SOURCE.glob("*/__init__.py"))
SMALL = 40
"""A module of at most so many lines needs two importers, or one that imports it lazily."""
MOST_SMALL = 45
MOST_IN_A_FOLDER = 16
# Alembic loads these by their path.
FOUND_BY_PATH = "migrations"


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def has_content(file: Path) -> bool:
    """Tell whether a file is more than an `__init__.py` that holds its docstring."""
    return file.name != "__init__.py" or len(ast.parse(file.read_text()).body) > 1


def small_modules() -> list[Path]:
    files = [file for file in SOURCE.rglob("*.py") if has_content(file)]
    return sorted(file for file in files if len(file.read_text().splitlines()) <= SMALL)


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(SOURCE).with_suffix("").parts)


def is_lazy(graph: grimp.ImportGraph, importer: str, imported: str) -> bool:
    """Tell whether a module imports another inside a function."""
    path = SOURCE / importer.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    lines = file.read_text().splitlines()
    details = graph.get_import_details(importer=importer, imported=imported)
    return any(lines[detail["line_number"] - 1].startswith(" ") for detail in details)


def names_in_strings() -> str:
    """Return every text in which a module may be named, as an entry point is."""
    files = [ROOT / "pyproject.toml", *SOURCE.rglob("*.py")]
    return "\n".join(file.read_text() for file in files)


def without_a_reason(graph: grimp.ImportGraph) -> Iterator[str]:
    """Give the small modules that have one importer or none, which imports them at its top."""
    texts = names_in_strings()
    for file in small_modules():
        name = module_of(file)
        if file.name == "__init__.py" or FOUND_BY_PATH in file.parts or f'"{name}' in texts:
            continue
        importers = graph.find_modules_that_directly_import(name)
        if len(importers) < 2 and not any(is_lazy(graph, i, name) for i in importers):
            yield name


def test_a_small_module_has_two_importers_or_is_imported_lazily(graph: grimp.ImportGraph) -> None:
    assert list(without_a_reason(graph)) == []


def test_small_modules_are_few() -> None:
    assert len(small_modules()) <= MOST_SMALL


def test_no_folder_holds_many_modules() -> None:
    folders = {file.parent for file in SOURCE.rglob("*.py")}
    sizes = {
        str(folder.relative_to(SOURCE)): len({*folder.glob("*.py")} - {folder / "__init__.py"})
        for folder in folders
    }
    assert {name for name, size in sizes.items() if size > MOST_IN_A_FOLDER} == set()


def test_an_import_inside_a_function_is_seen(graph: grimp.ImportGraph) -> None:
    assert is_lazy(graph, "lyftr_cli.__main__", "lyftr_cli.main")
    assert not is_lazy(graph, "lyftr_cli.main", "lyftr_cli.commands.serve")
