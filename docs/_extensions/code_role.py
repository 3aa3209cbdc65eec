"""What single backticks in docstrings mean: code, and a link where it is a name of ours."""

import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

__all__ = ["CodeOrName", "setup"]

_NAME = re.compile(r"lyftr_\w+(\.\w+)*|[A-Z]\w+(\.\w+)*")


class CodeOrName(SphinxRole):
    """Monospaced text that links to the documentation of a name, if there is one."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the node; see `docutils`."""
        code = nodes.literal(self.text, self.text)
        if not _NAME.fullmatch(self.text):
            return [code], []
        module = self.env.ref_context.get("py:module")
        link = pending_xref(
            self.text,
            code,
            refdomain="py",
            reftype="obj",
            reftarget=self.text,
            refexplicit=False,
            refspecific=True,
            **{"py:module": module},
        )
        return [link], []


def _leave_unknown_names(
    _app: Sphinx, _env: object, node: pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Let `MyRepository` of an example be code: not every name is one of ours."""
    is_code = node.get("reftype") == "obj" and isinstance(content, nodes.literal)
    return content if is_code else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role."""
    app.add_role("code_or_name", CodeOrName())
    app.connect("missing-reference", _leave_unknown_names)
    return {"parallel_read_safe": True}
