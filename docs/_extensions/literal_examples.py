"""Examples in docstrings that are not doctests: code blocks too, not running text."""

import re
from typing import Any

from sphinx.application import Sphinx

__all__ = ["setup"]

_BEFORE_NAPOLEON = 400


def _mark(_app: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    for number, line in enumerate(lines):
        if line == "Example:" and not re.match(r"\s*>>>", lines[number + 1]):
            code = [f"    {text}" if text else text for text in lines[number + 1 :]]
            lines[number + 1 :] = ["    .. code-block:: python", "", *code]
            return


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at docstrings before napoleon does."""
    app.connect("autodoc-process-docstring", _mark, priority=_BEFORE_NAPOLEON)
    return {"parallel_read_safe": True}
