"""The tests of pages notice what is wrong with one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.accessibility import assert_accessible
from tests.browser.complaints import Complaints

_ADDRESS = "http://127.0.0.1:1/"


def _show(page: Page, html: str, policy: str = "") -> None:
    """Show a page that no server has."""

    def answer(route: Route) -> None:
        if route.request.url == _ADDRESS:
            headers = {"Content-Security-Policy": policy} if policy else {}
            route.fulfill(body=html, content_type="text/html", headers=headers)
        else:
            route.fulfill(status=404)

    page.route("**", answer)
    page.goto(_ADDRESS)


@pytest.fixture
def others() -> Complaints:
    """Some that do not fail the test."""
    return Complaints()


@pytest.fixture
def watched(browser: Browser, others: Complaints) -> Iterator[Page]:
    with browser.new_context() as context:
        others.watch(context)
        yield context.new_page()


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<script>console.error('of its own')</script>", "of its own"),
        ("<script>console.warn('take care')</script>", "take care"),
        ("<script>throw new Error('thrown')</script>", "uncaught: thrown"),
        ("<script>Promise.reject(new Error('later'))</script>", "uncaught: later"),
        ("<img src='/none' alt=''>", "404"),
        ("<img src='http://127.0.0.2/' alt=''>", "outside: http://127.0.0.2/"),
        ("<link rel='stylesheet' href='https://a.example/'>", "outside: https://a.example/"),
    ],
)
def test_what_is_wrong_with_a_page_is_seen(
    watched: Page, others: Complaints, html: str, complaint: str
) -> None:
    _show(watched, html)
    watched.wait_for_load_state("networkidle")
    assert any(complaint in seen for seen in others.seen), others.seen
    with pytest.raises(AssertionError, match=complaint):
        others.check()
    others.expect(complaint)
    others.expect("404|outside|console|uncaught|error|warn")
    others.check()


@pytest.mark.parametrize(
    ("html", "directive"),
    [
        ("<script>1</script>", "script-src"),
        ("<style>p {}</style>", "style-src"),
        ("<p style='color: red'>", "style-src"),
        ("<p onclick='1'>", "script-src"),
    ],
)
def test_a_violation_of_the_policy_is_seen(
    watched: Page, others: Complaints, html: str, directive: str
) -> None:
    _show(watched, html, "default-src 'self'; style-src 'self'; script-src 'self'")
    watched.wait_for_function("true")
    assert any(f"Content-Security-Policy: {directive}" in seen for seen in others.seen)


def test_an_expected_complaint_must_come(others: Complaints) -> None:
    others.expect("never")
    with pytest.raises(AssertionError, match="nothing like never"):
        others.check()


def test_what_shuts_people_out_is_seen(page: Page) -> None:
    head = "<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>"
    _show(page, head)
    assert_accessible(page)
    for wrong in ("<img src='data:,'>", "<p style='color: #ccc; background: #fff'>faint</p>"):
        page.unroute_all()
        _show(page, head + wrong)
        with pytest.raises(AssertionError, match=r"image-alt|color-contrast"):
            assert_accessible(page)
