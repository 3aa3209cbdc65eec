"""The page of the API, in a browser that reaches nothing but the server."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.support.server import LyftrServer, Serve


def _open(page: Page, server: LyftrServer) -> None:
    page.goto(f"{server.http.base_url}/docs")
    expect(_operation(page, "GET /messages")).to_be_visible()


def _operation(page: Page, name: str) -> Locator:
    method, path = name.split()
    return page.locator(f".opblock-{method.lower()}", has=page.locator(f'[data-path="{path}"]'))


def _unfold(operation: Locator) -> None:
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()


def test_the_page_shows_every_operation(page: Page, serve: Serve) -> None:
    with serve() as server:
        _open(page, server)
        document = server.http.get("/schema/openapi.json").json()
        for path, operations in document["paths"].items():
            for method in operations.keys() - {"head"}:
                expect(_operation(page, f"{method} {path}")).to_be_visible()
        expect(page.locator(".opblock:visible", has_text="HEAD")).to_have_count(0)
        expect(page.get_by_role("button", name="Authorize")).to_have_count(0)


def test_an_operation_is_tried_with_a_token(page: Page, serve: Serve) -> None:
    with serve(API_TOKENS="a-token") as server:
        server.deliver("m1", text="to be read").raise_for_status()
        _open(page, server)
        page.get_by_role("button", name="Authorize").click()
        page.get_by_label("auth-bearer-value").fill("a-token")
        page.get_by_label("auth-bearer-value").press("Enter")
        page.get_by_role("button", name="Close").click()
        reading = _operation(page, "GET /messages")
        _unfold(reading)
        reading.get_by_role("button", name="Execute").click()
        expect(reading.locator(".live-responses-table")).to_contain_text("to be read")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_shuts_nobody_out(page: Page, serve: Serve, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    with serve(API_TOKENS="a-token") as server:
        _open(page, server)
        assert_accessible(page)
        for operation in ("GET /messages", "POST /webhook"):
            _unfold(_operation(page, operation))
        assert_accessible(page)


def test_the_page_follows_the_colour_scheme(page: Page, serve: Serve) -> None:
    with serve() as server:
        page.emulate_media(color_scheme="dark")
        _open(page, server)
        expect(page.locator("html")).to_contain_class("dark-mode")
        page.emulate_media(color_scheme="light")
        expect(page.locator("html")).not_to_contain_class("dark-mode")
