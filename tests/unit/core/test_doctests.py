import doctest
import importlib
import pkgutil

import pytest

import lyftr_core

MODULES = ["lyftr_core"] + [
    found.name for found in pkgutil.walk_packages(lyftr_core.__path__, "lyftr_core.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        example
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        for example in test.examples
    ]
    assert len(found) >= 8
