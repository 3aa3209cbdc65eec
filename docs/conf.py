"""The documentation site: `nox -s docs` builds it, offline and with warnings as errors.

Pages are Markdown (MyST); those that show docstrings are reStructuredText, as docstrings are.
"""

import sys
from pathlib import Path

from lyftr_core import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "lyftr"
author = "The lyftr authors"
copyright = author  # noqa: A001 - Sphinx reads the name
release = version = __version__
html_title = f"lyftr {version}"
html_last_updated_fmt = None  # the same sources make the same site

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "click_commands",
    "code_role",
    "docstrings",
    "drawing",
    "output_lexer",
]
root_doc = "index"
exclude_patterns = ["_build", "_drawings", "_extensions"]
nitpicky = True
# Names of other projects: an index of theirs to link to would have to be fetched.
nitpick_ignore_regex = [
    (r"py:.*", rf"({package})(\..*)?")
    for package in (
        "collections",
        "contextlib",
        "datetime",
        "dependency_injector",
        "enum",
        "hypothesis",
        "litestar",
        "msgspec",
        "os",
        "pathlib",
        "psycopg",
        "sqlalchemy",
        "typing",
    )
] + [
    (r"py:class", r"lyftr_sqlite\.connection\.writing\.WritingConnection"),  # SqliteStore makes it
    (r"py:class", r"lyftr_sqlite\.maintenance\.scrubbing\.Scrubber"),  # the same
    (r"py:class", r"lyftr_sqlite\.connection\.turns\.LongWork"),  # the same
    (r"py:class", r"lyftr_postgres\.connection\.writing\.WritingConnection"),  # PostgresStore does
    (r"py:class", r"lyftr_sql\.group_commit\.GroupCommitWriter"),  # what each store's writer is
    (r"py:.*", r"(bool|bytes|float|int|object|str|tuple|list|dict|None|ValueError|Exception)"),
]

smartquotes = False  # `--dev` is no dash
default_role = "code_or_name"

autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

myst_heading_anchors = 3
myst_enable_extensions = ["deflist", "attrs_block"]
myst_links_external_new_tab = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options: dict[str, object] = {"footer_icons": []}
pygments_style = "friendly"
pygments_dark_style = "monokai"
