"""Logging in with a token, in a browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.complaints import Complaints
from tests.support.server import LyftrServer, Serve

_TOKEN = "canary/token+2=="


# Asked for before a page, so that it ends after it: a page misses a server that goes away.
@pytest.fixture
def server(serve: Serve) -> Iterator[LyftrServer]:
    with serve("--workers", "2", API_TOKENS=f"another,{_TOKEN}") as server:
        yield server


def _log_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()


def test_a_token_leads_to_the_page_that_was_asked_for(server: LyftrServer, page: Page) -> None:
    page.goto(f"{server.http.base_url}/?q=hello")
    expect(page).to_have_title("Log in · lyftr")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(_TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=hello")
    (cookie,) = page.context.cookies()
    assert cookie.get("httpOnly")
    assert cookie.get("sameSite") == "Strict"
    assert _TOKEN not in str(cookie)
    assert page.evaluate("document.cookie") == ""
    status = "fetch('/stats').then(answer => answer.status)"
    assert [page.evaluate(status) for _ in range(4)] == [200] * 4
    assert _TOKEN not in server.output.read_text()


def test_a_wrong_token_is_told_so_and_another_may_be_tried(
    server: LyftrServer, page: Page, complaints: Complaints
) -> None:
    complaints.expect("401")
    page.goto(f"{server.http.base_url}/?q=hello")
    _log_in(page, "canary-wrong")
    expect(page.get_by_role("alert")).to_contain_text("is not one of")
    expect(page.get_by_label("Token")).to_have_value("")
    assert_accessible(page)
    _log_in(page, _TOKEN)
    page.wait_for_url("**/?q=hello")


def test_the_form_shuts_nobody_out(server: LyftrServer, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.http.base_url}/")
    expect(page.get_by_label("Token")).to_be_visible()
    assert_accessible(page)


def test_a_link_of_another_site_leads_into_a_session_that_is_there(
    server: LyftrServer, page: Page, complaints: Complaints
) -> None:
    complaints.expect("outside: http://localhost:")
    page.goto(f"{server.http.base_url}/login")
    _log_in(page, _TOKEN)
    page.wait_for_url(re.compile(r"/$"))
    # A site is a scheme and a host: to 127.0.0.1, localhost is another one.
    elsewhere = f"http://localhost:{server.port}/elsewhere"
    link = f'<a href="{server.http.base_url}/?q=linked">Look</a>'
    page.route(elsewhere, lambda route: route.fulfill(body=link, content_type="text/html"))
    page.goto(elsewhere)
    page.get_by_text("Look").click()
    page.wait_for_url("**/?q=linked")


def test_logging_out_ends_the_session(server: LyftrServer, page: Page) -> None:
    page.goto(f"{server.http.base_url}/login")
    _log_in(page, _TOKEN)
    page.wait_for_url(re.compile(r"/$"))
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title("Log in · lyftr")
    assert page.context.cookies() == []
    page.goto(f"{server.http.base_url}/")
    expect(page).to_have_title("Log in · lyftr")
