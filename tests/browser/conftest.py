"""A real browser in front of a real `lyftr serve`; what it complains of fails the test."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.complaints import Complaints
from tests.support.server import PATIENCE
from tests.support.server_fixtures import database_variables, serve

__all__ = ["OpenPage", "database_variables", "serve"]

OpenPage = Callable[..., Page]

_MILLISECONDS = PATIENCE * 1_000
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


# Not for the session: while it is there, Playwright's event loop counts as running, and tests of
# other folders could have none of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of the system."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"no browser is installed: {', '.join(_NAMES)}")
    expect.set_options(timeout=_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=_OPTIONS, timeout=2 * _MILLISECONDS
        )
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the browser complained of; the test fails for what it did not expect."""
    complaints = Complaints()
    yield complaints
    complaints.check()


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest, browser: Browser, complaints: Complaints
) -> Iterator[OpenPage]:
    """Opens a page with cookies and storage of its own; takes the options of `new_context`."""
    if "server" in request.fixturenames:
        request.getfixturevalue("server")  # so that it ends after the pages that listen to it
    contexts: list[BrowserContext] = []

    def open_one(**options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type] # they are Playwright's
        contexts.append(context)
        context.set_default_timeout(_MILLISECONDS)
        complaints.watch(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An empty page."""
    return open_page()
