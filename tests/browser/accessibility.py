"""What shuts people out of a page, found by axe."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

__all__ = ["assert_accessible"]

_IMPACTS = {"serious", "critical"}


def assert_accessible(page: Page) -> None:
    """See that axe finds nothing serious on a page, in either colour scheme."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page)
        serious = [v for v in found.response["violations"] if v["impact"] in _IMPACTS]
        assert not serious, f"{scheme}: {found.generate_report()}"
