"""Blocks marked `output`: what the commands of the block before print. Nothing to highlight."""

from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

__all__ = ["setup"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the language."""
    app.add_lexer("output", TextLexer)
    return {"parallel_read_safe": True}
