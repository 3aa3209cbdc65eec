"""Docstrings, before napoleon reads them.

An example that is no doctest becomes a block of code rather than running text. A constant without
words of its own has none, rather than those of its type. Protocols and enumerations are not called,
so they have no signature.
"""

import re
from enum import Enum
from typing import Any

from sphinx.application import Sphinx
from sphinx.domains.python import PyObject  # type: ignore[attr-defined]  # not in its __all__

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


def _drop_signature(
    _app: Sphinx, what: str, _name: str, obj: object, _o: object, _given: str, _returns: str
) -> tuple[str, None] | None:
    if what != "class" or not isinstance(obj, type):
        return None
    return ("", None) if getattr(obj, "_is_protocol", False) or issubclass(obj, Enum) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at docstrings before napoleon does."""
    app.connect("autodoc-process-docstring", _mark_example, priority=_BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", _drop_words_of_type, priority=_BEFORE_NAPOLEON)
    app.connect("autodoc-process-signature", _drop_signature)
    for field in PyObject.doc_field_types:
        if field.name == "variable":  # what napoleon makes of `Attributes:`
            field.label = "Attributes"
    return {"parallel_read_safe": True}
