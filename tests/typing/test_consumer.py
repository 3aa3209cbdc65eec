"""The consumer's project, which `nox -s package` checks from the wheel, leaves no name out."""

import ast
import importlib
from pathlib import Path

import pytest

from tests.support.public_modules import PUBLIC

CONSUMER = Path(__file__).parents[1] / "package" / "consumer"


@pytest.mark.parametrize("module", PUBLIC)
def test_the_consumer_uses_every_public_name(module: str) -> None:
    imported = {
        alias.name
        for path in CONSUMER.glob("*.py")
        for statement in ast.walk(ast.parse(path.read_text()))
        if isinstance(statement, ast.ImportFrom) and statement.module == module
        for alias in statement.names  # and ruff refuses what is imported and not used
    }
    assert set(importlib.import_module(module).__all__) - imported == set()
