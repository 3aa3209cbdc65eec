"""Docstrings, before napoleon reads them.

An example that is no doctest becomes a block of code rather than running text. A constant without
words of its own has none, rather than those of its type.
"""

import re
from typing import Any

from sphinx.application import Sphinx

__all__ = ["setup"]

_BEFORE_NAPOLEON = 400


def _mark_example(
    _app: Sphinx, _what: str, _name: str, _obj: object, _o: object, lines: list[str]
) -> None:
    if "Example:" not in lines:
        return
    first = lines.index("Example:") + 1
    if not re.match(r"\s*>>>", lines[first]):
        code = [f"    {line}" if line else line for line in lines[first:]]
        lines[first:] = ["    .. code-block:: python", "", *code]


def _drop_words_of_type(
    _app: Sphinx, what: str, _name: str, obj: object, _o: object, lines: list[str]
) -> None:
    if what == "data" and lines and (type(obj).__doc__ or "").startswith(lines[0]):
        lines.clear()


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at docstrings before napoleon does."""
    app.connect("autodoc-process-docstring", _mark_example, priority=_BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", _drop_words_of_type, priority=_BEFORE_NAPOLEON)
    return {"parallel_read_safe": True}
