"""Every public name says what it is."""

import ast
import importlib
import inspect
import itertools
from pathlib import Path

import pytest

import lyftr_core
from tests.support.public_modules import PUBLIC

WITH_EXAMPLES = [
    lyftr_core.CheckReadiness,
    lyftr_core.ComputeStats,
    lyftr_core.GetMessage,
    lyftr_core.HexHmacSha256,
    lyftr_core.InMemoryMessageRepository,
    lyftr_core.IngestMessage,
    lyftr_core.InvalidMessage,
    lyftr_core.ListConflicts,
    lyftr_core.ListMessages,
    lyftr_core.LogRequest,
    lyftr_core.Message,
    lyftr_core.MessageFilter,
    lyftr_core.PageRequest,
    lyftr_core.ReadLog,
    lyftr_core.SignedRequest.from_text,
    lyftr_core.StandardWebhooks,
    lyftr_core.decode_cursor,
    lyftr_core.differing_fields,
    lyftr_core.encode_cursor,
    lyftr_core.format_timestamp,
    lyftr_core.parse,
    lyftr_core.parse_timestamp,
]
"""What a user of the core begins with; tests/unit/core/test_doctests.py runs their examples."""


def documented_assignments(path: Path) -> set[str]:
    """Return the names of a module that are assigned to with a string below."""
    body = ast.parse(path.read_text()).body
    return {
        target.id
        for first, second in itertools.pairwise(body)
        if isinstance(second, ast.Expr) and isinstance(second.value, ast.Constant)
        for target in targets(first)
        if isinstance(target, ast.Name)
    }


def targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.AnnAssign):
        return [statement.target]
    return statement.targets if isinstance(statement, ast.Assign) else []


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_says_what_it_is(package: str) -> None:
    module = importlib.import_module(package)
    folder = Path(str(module.__file__)).parent
    assigned: set[str] = set().union(*map(documented_assignments, folder.rglob("*.py")))
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value):
            doc = vars(value).get("__doc__")  # one of its own, not one that is inherited
            assert doc, name
            assert not doc.startswith(f"{name}("), name  # which a NamedTuple makes for itself
        elif inspect.isfunction(value):
            assert value.__doc__, name
        else:
            assert name in assigned, name


@pytest.mark.parametrize("documented", WITH_EXAMPLES, ids=lambda value: value.__qualname__)
def test_what_a_user_begins_with_has_an_example(documented: object) -> None:
    assert ">>> " in (documented.__doc__ or "")
