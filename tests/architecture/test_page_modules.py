"""The JavaScript modules of the page: which may import which."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

STATIC = Path(__file__).parents[2] / "src/lyftr_http/page/static"
_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?"\./([\w.-]+\.js)";', re.MULTILINE)


def imports() -> dict[str, set[str]]:
    """Return, for each module, those that it imports by itself."""
    return {file.name: set(_IMPORT.findall(file.read_text())) for file in STATIC.glob("*.js")}


def test_the_modules_do_not_import_each_other_in_a_circle() -> None:
    found = imports()
    assert set().union(*found.values()) < set(found)
    order = list(TopologicalSorter(found).static_order())  # raises CycleError
    assert order[-1] == "app.js"


def test_what_is_shown_depends_on_no_other_module_and_nothing_on_what_subscribes() -> None:
    found = imports()
    assert found["view.js"] == set()
    assert [name for name, imported in found.items() if "app.js" in imported] == []
