"""Every public name says what it is."""

import ast
import importlib
import inspect
import itertools
from pathlib import Path

import pytest

PUBLIC = [
    "lyftr_core",
    "lyftr_core.testing",
    "lyftr_core.vectors",
    "lyftr_core.signing_templates",
    "lyftr_sqlite",
]


def documented_assignments(path: Path) -> set[str]:
    """Return the names of a module that are assigned to with a string below."""
    body = ast.parse(path.read_text()).body
    return {
        target.id
        for first, second in itertools.pairwise(body)
        if isinstance(first, ast.Assign) and isinstance(second, ast.Expr)
        for target in first.targets
        if isinstance(target, ast.Name) and isinstance(second.value, ast.Constant)
    }


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_says_what_it_is(package: str) -> None:
    module = importlib.import_module(package)
    folder = Path(str(module.__file__)).parent
    assigned = set().union(*map(documented_assignments, folder.glob("*.py")))
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value):
            assert vars(value).get("__doc__"), name  # one of its own, not one that is inherited
        elif inspect.isfunction(value):
            assert value.__doc__, name
        else:
            assert name in assigned, name
