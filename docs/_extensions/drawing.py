"""`{drawing} FILE.svg`: a drawing from `docs/_drawings`, inlined, so that it follows the colours.

A drawing in an `img` element could not take the colour of the text, which differs in the dark.
"""

from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["Drawing", "setup"]


class Drawing(SphinxDirective):
    """A figure. The content says in words what it shows; without it the page is not built."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"caption": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the markup; see `docutils`."""
        self.assert_has_content()
        alt = escape(" ".join(" ".join(self.content).split()))
        file = Path(self.env.srcdir, "_drawings", self.arguments[0])
        self.env.note_dependency(str(file))
        markup = file.read_text().replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)
        caption = f"<figcaption>{escape(self.options['caption'])}</figcaption>"
        figure = f'<figure class="drawing">{markup}{caption}</figure>'
        return [nodes.raw("", figure, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("drawing", Drawing)
    return {"parallel_read_safe": True}
