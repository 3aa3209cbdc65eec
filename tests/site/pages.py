"""The blocks of a Markdown page, and what the page says of them in comments.

A comment just before a block is an instruction to the tests, and out of the reader's sight:
`<!-- not run: why -->`, or `<!-- exit status 1 -->`. `<!-- stop the server -->`, wherever it
stands, is done at its place.
"""

import re
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

__all__ = ["PAGES", "ROOT", "Block", "blocks_of", "page_name"]

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]

_BLOCK = re.compile(
    r"(?:^ *<!-- (?P<comment>[^\n]*) -->\n)?^ *```(?P<language>\{?[\w-]+\}?)[^\n]*\n"
    r"(?P<text>.*?)^ *```$|^ *<!-- (?P<stop>stop the server) -->$",
    re.MULTILINE | re.DOTALL,
)
_FILE_NAME = re.compile(r"# (\w+\.py)\n")


class Block(NamedTuple):
    """One block of code.

    Attributes:
        language: What the page says it is, in braces for a directive; `stop` for the end of
            the server.
        text: The code.
        comment: The comment before it, or nothing.
        line: Where it begins, from 1.
    """

    language: str
    text: str
    comment: str
    line: int

    @property
    def is_run(self) -> bool:
        return not self.comment.startswith("not run: ")

    @property
    def exit_status(self) -> int:
        found = re.fullmatch(r"exit status (\d+)", self.comment)
        return int(found[1]) if found else 0

    @property
    def file_name(self) -> str | None:
        """The name of the file that the reader is to keep it in, if its first line has one."""
        found = _FILE_NAME.match(self.text)
        return found[1] if found else None


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page in order."""
    text = page.read_text()
    return [
        Block(
            match["language"] or "stop",
            dedent(match["text"] or ""),
            match["comment"] or "",
            text.count("\n", 0, match.start()) + 1,
        )
        for match in _BLOCK.finditer(text)
    ]


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))
