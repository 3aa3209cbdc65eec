"""The built site: complete, and of one piece without the network."""

import importlib
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from lyftr_cli.main import cli

PUBLIC = [
    "lyftr_core",
    "lyftr_core.testing",
    "lyftr_http.app",
    "lyftr_http.container",
    "lyftr_runtime.settings",
    "lyftr_sqlite",
]
_OUTSIDE = re.compile(r"(https?:)?//", re.IGNORECASE)
_FETCHED = {"audio", "base", "embed", "iframe", "image", "img", "input", "link", "object", "script"}
_FETCHED |= {"source", "track", "use", "video"}
"""Elements whose addresses a browser asks for by itself. `a` waits for a person."""


class Page(HTMLParser):
    """What a page fetches, what it links to, and which places in it have names."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.drawings: list[str | None] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.places.add(given.get("id") or "")
        addresses = [given[name] or "" for name in ("src", "href", "data") if name in given]
        (self.fetched if tag in _FETCHED else self.links).extend(addresses)
        if tag == "svg" and given.get("role") == "img":
            self.drawings.append(given.get("aria-label"))


def test_nothing_is_fetched_from_outside(site: Path) -> None:
    fetched = [(file.name, to) for file in site.rglob("*.html") for to in Page(file).fetched]
    assert len(fetched) > 100
    assert [found for found in fetched if _OUTSIDE.match(found[1])] == []


def test_no_style_sheet_fetches_from_outside(site: Path) -> None:
    sheets = list(site.rglob("*.css"))
    assert len(sheets) >= 3
    fetched = r"""url\(\s*["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
    assert [sheet for sheet in sheets if re.search(fetched, sheet.read_text())] == []


def test_no_script_of_a_page_fetches_from_outside(site: Path) -> None:
    calls = r"""(?:fetch|import|importScripts|open)\s*\(\s*["'`](?:https?:)?//"""
    scripts = list(site.rglob("*.js"))
    assert len(scripts) >= 3
    assert [script for script in scripts if re.search(calls, script.read_text())] == []


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    pages = {file: Page(file) for file in site.rglob("*.html")}
    lost = [
        (file.name, link)
        for file, page in pages.items()
        for link in page.links
        if not urlsplit(link).scheme and not _OUTSIDE.match(link) and not _leads(file, link, pages)
    ]
    assert lost == []


def _leads(file: Path, link: str, pages: dict[Path, Page]) -> bool:
    address = urlsplit(link)
    target = (file.parent / unquote(address.path)).resolve() if address.path else file
    if target in pages and address.fragment:
        return unquote(address.fragment) in pages[target].places
    return target.exists()


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_has_its_entry(site: Path, module: str) -> None:
    places = set().union(*(Page(file).places for file in (site / "reference").glob("*.html")))
    names = importlib.import_module(module).__all__
    assert [name for name in names if f"{module}.{name}" not in places] == []


def test_every_command_has_its_section(site: Path) -> None:
    places = Page(site / "reference" / "command-line.html").places
    assert [name for name in cli.commands if f"lyftr-{name}" not in places] == []


def test_every_option_is_on_the_page_of_commands(site: Path) -> None:
    text = (site / "reference" / "command-line.html").read_text()
    options = [
        option for command in cli.commands.values() for p in command.params for option in p.opts
    ]
    assert "--dev" in options
    assert [option for option in options if option.startswith("-") and option not in text] == []


def test_every_drawing_says_in_words_what_it_shows(site: Path) -> None:
    drawings = [label for file in site.rglob("*.html") for label in Page(file).drawings]
    assert len(drawings) >= 5
    assert all(label and len(label) > 40 for label in drawings)


def test_the_search_needs_no_server(site: Path) -> None:
    page = Page(site / "search.html")
    # A script may be loaded from `file://`, where `fetch` may not; so the index must be one.
    assert "searchindex.js" in page.fetched
    index = (site / "searchindex.js").read_text()
    assert index.startswith("Search.setIndex(")
    assert "explanation/group-commit" in index
