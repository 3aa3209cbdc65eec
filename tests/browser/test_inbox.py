"""The inbox in a browser: what comes in, what is searched for, what is opened."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.complaints import Complaints
from tests.browser.conftest import OpenPage
from tests.support.server import LyftrServer, Serve

_TS = "2026-01-15T{:02}:{:02}:{:02}Z"


@pytest.fixture
def server(serve: Serve) -> Iterator[LyftrServer]:
    with serve() as server:
        yield server


def _moment(number: int) -> str:
    return _TS.format(number // 3600, number // 60 % 60, number % 60)


def _deliver(server: LyftrServer, count: int, begin: int = 0) -> None:
    for number in range(begin, begin + count):
        text = f"Message number {number}" + (" of the invoice" if number % 10 == 0 else "")
        sender = f"+91900000000{number % 3}"
        fields = {"ts": _moment(number), "text": text, "from": sender}
        server.deliver(f"m{number}", **fields).raise_for_status()


def _open(page: Page, server: LyftrServer, path: str = "/") -> None:
    page.goto(f"{server.http.base_url}{path}")


def _wait_until_live(page: Page) -> None:
    expect(page.locator("#live")).to_have_text("Live")


def _rows(page: Page) -> list[str | None]:
    return [row.get_attribute("data-id") for row in page.locator("#rows > .row").all()]


def test_a_first_message_takes_the_place_of_the_words_how_to_send_it(
    page: Page, server: LyftrServer
) -> None:
    _open(page, server)
    expect(page.get_by_text("No messages yet.")).to_be_visible()
    assert_accessible(page)
    _wait_until_live(page)
    _deliver(server, 1)
    expect(page.locator("#rows > .row")).to_have_count(1)
    expect(page.get_by_text("No messages yet.")).to_have_count(0)
    expect(page.locator(".tiles")).to_contain_text("2026-01-15")


def test_messages_appear_by_themselves_each_in_its_place(page: Page, server: LyftrServer) -> None:
    _deliver(server, 3)
    _open(page, server)
    _wait_until_live(page)
    page.evaluate("window.isTheSamePage = true")
    server.deliver("newest", ts=_moment(100), text="<b>just</b> come in")
    server.deliver("late", ts=_moment(1), text=None)
    expect(page.locator("#rows > .row")).to_have_count(5)
    assert _rows(page)[0] == "newest"
    assert set(_rows(page)[2:4]) == {"late", "m1"}
    expect(page.locator("#rows > .row").first).to_contain_text("<b>just</b> come in")
    expect(page.locator("#count")).to_have_text("5 messages")
    assert page.evaluate("window.isTheSamePage")
    shown = _rows(page)
    page.reload()
    assert _rows(page) == shown


def test_only_what_passes_the_filters_appears(page: Page, server: LyftrServer) -> None:
    _deliver(server, 2)
    _open(page, server, "/?q=INVOICE")
    _wait_until_live(page)
    server.deliver("other", ts=_moment(50), text="nothing of that")
    server.deliver("that", ts=_moment(51), text="An Invoice & more")
    expect(page.locator("#rows > .row")).to_have_count(2)
    assert _rows(page) == ["that", "m0"]
    expect(page.locator("#rows mark").first).to_have_text("Invoice")


def test_the_search_follows_the_typing_and_the_back_button_the_searches(
    page: Page, server: LyftrServer
) -> None:
    _deliver(server, 21)
    _open(page, server)
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("invoice")
    expect(page.locator("#rows > .row")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/\?q=invoice$"))
    assert_accessible(page)
    page.get_by_label("From", exact=True).fill("91 9000 000 001")
    page.keyboard.press("Enter")
    expect(page.locator("#rows > .row")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/\?q=invoice&from=%2B919000000001$"))
    expect(page.locator(".chip").nth(1)).to_contain_text("+919000000001")
    page.go_back()
    expect(page.locator("#rows > .row")).to_have_count(3)
    expect(page.get_by_label("From", exact=True)).to_have_value("")
    page.go_back()
    expect(page.locator("#rows > .row")).to_have_count(21)
    expect(page.get_by_label("Search")).to_have_value("")
    page.go_forward()
    expect(page.locator("#rows > .row")).to_have_count(3)
    page.get_by_role("link", name="text invoice (take out)").click()
    expect(page.locator("#rows > .row")).to_have_count(21)


def test_one_or_two_letters_are_searched_for_when_that_is_asked(
    page: Page, server: LyftrServer
) -> None:
    _deliver(server, 11)
    _open(page, server)
    search = page.get_by_label("Search")
    search.press_sequentially("in")
    expect(page.locator("#hint")).to_be_visible()
    expect(page.locator("#rows > .row")).to_have_count(11)
    assert_accessible(page)
    search.press("Enter")
    expect(page).to_have_url(re.compile(r"/\?q=in$"))
    expect(page.locator("#rows > .row")).to_have_count(2)
    expect(page.locator("#hint")).to_be_hidden()
    search.press_sequentially("voice n")
    expect(page.get_by_text("No message matches.")).to_be_visible()
    search.fill("")
    expect(page.locator("#rows > .row")).to_have_count(11)


def test_a_session_that_ended_leads_to_the_login(
    page: Page, serve: Serve, complaints: Complaints
) -> None:
    with serve(API_TOKENS="one") as server:
        _open(page, server)
        page.get_by_label("Token").fill("one")
        page.get_by_role("button", name="Log in").click()
        _wait_until_live(page)
        port = server.port
    with serve("--port", str(port), API_TOKENS="other"):
        page.wait_for_url(re.compile(r"/login\?next=/$"))
        page.close()
    complaints.seen[:] = [seen for seen in complaints.seen if not re.search("ERR_|401", seen)]


def test_the_busiest_senders_and_the_hours_are_filters(page: Page, server: LyftrServer) -> None:
    _deliver(server, 4)
    server.deliver("later", ts="2026-01-15T05:00:00Z").raise_for_status()
    _open(page, server)
    expect(page.locator("#chart canvas")).to_be_visible()
    page.get_by_role("link", name=re.compile(r"\+919000000000")).first.click()
    expect(page.locator("#rows > .row")).to_have_count(2)
    expect(page.get_by_label("From", exact=True)).to_have_value("+919000000000")
    page.get_by_text("Table", exact=True).click()
    assert_accessible(page)
    page.get_by_role("link", name="2026-01-15 05:00").click()
    expect(page.locator("#rows > .row")).to_have_count(1)
    expect(page.get_by_label("Since (UTC)")).to_have_value("2026-01-15T05:00")


def test_what_does_not_match_or_cannot_be_searched_for_is_said(
    page: Page, server: LyftrServer, complaints: Complaints
) -> None:
    complaints.expect("422")
    complaints.expect("Response Status Error Code 422|422")
    _deliver(server, 1)
    _open(page, server, "/?q=nowhere")
    expect(page.get_by_text("No message matches.")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("To", exact=True).fill("nobody")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("alert").filter(has_text="That cannot be searched for.")
    ).to_be_visible()
    expect(page.locator("#fault-to")).to_contain_text("must be an E.164 phone number")
    assert page.get_by_label("To", exact=True).get_attribute("aria-invalid") == "true"
    assert_accessible(page)
    page.get_by_role("link", name="Show all messages").click()
    expect(page.locator("#rows > .row")).to_have_count(1)
    expect(page.locator("#fault-to")).to_be_empty()


def test_a_message_opens_has_its_address_and_its_json_to_copy(
    open_page: OpenPage, server: LyftrServer
) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    text = "<script>window.isRun = true</script> \u202e\u0645\u0631\u062d 👍 " + "long " * 600
    server.deliver("a/b?c=\"d'&e", ts=_moment(9), text=text).raise_for_status()
    _deliver(server, 2)
    _open(page, server)
    page.locator("#rows > .row").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".whole")).to_contain_text("<script>window.isRun = true</script>")
    assert_accessible(page)
    dialog.get_by_role("button", name="Copy JSON").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText().then(JSON.parse)")
    assert copied == server.http.get("/messages?limit=1&order=desc").json()["items"][0]
    address = page.url
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.url == f"{server.http.base_url}/"
    expect(page.locator("#rows > .row a").first).to_be_focused()
    page.go_forward()
    expect(dialog.locator(".whole")).to_contain_text("window.isRun")
    page.goto(address)
    expect(dialog.locator(".whole")).to_contain_text("window.isRun")
    dialog.get_by_role("link", name="Close").click()
    expect(dialog).to_be_hidden()
    assert page.url == f"{server.http.base_url}/"
    assert page.evaluate("window.isRun") is None


def test_a_message_that_is_not_there_is_said_to_be_so(page: Page, server: LyftrServer) -> None:
    _deliver(server, 1)
    _open(page, server, "/?message=none")
    expect(page.get_by_role("dialog")).to_contain_text("There is no message with this identifier.")
    assert_accessible(page)


def test_everything_can_be_reached_by_keys(page: Page, server: LyftrServer) -> None:
    _deliver(server, 4)
    _open(page, server)
    for key in ("j", "j", "ArrowDown", "k"):
        page.keyboard.press(key)
    expect(page.locator("[data-id=m2] a")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".whole")).to_have_text("Message number 2")
    page.keyboard.press("j")
    expect(dialog.locator(".whole")).to_have_text("Message number 1")
    expect(page).to_have_url(re.compile("message=m1$"))
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-id=m1] a")).to_be_focused()


def test_scrolling_goes_on_to_the_thousandth_message(page: Page, server: LyftrServer) -> None:
    _deliver(server, 1_010)
    _open(page, server)
    thousandth = page.locator("#rows > .row[data-id=m10]")
    for _ in range(200):
        page.mouse.wheel(0, 20_000)
        page.wait_for_timeout(50)
        if thousandth.count():
            break
    thousandth.scroll_into_view_if_needed()
    expect(thousandth).to_be_in_viewport()
    assert (
        _rows(page) == [f"m{number}" for number in reversed(range(10, 1_010))] + _rows(page)[1000:]
    )


def test_what_comes_in_does_not_move_what_is_read(page: Page, server: LyftrServer) -> None:
    _deliver(server, 120)
    _open(page, server)
    _wait_until_live(page)
    page.locator("[data-id=m80]").scroll_into_view_if_needed()
    page.evaluate("window.scrollBy(0, 300)")
    before = page.locator("[data-id=m80]").bounding_box()
    _deliver(server, 2, begin=200)
    button = page.get_by_role("button", name="2 new messages")
    expect(button).to_be_visible()
    assert page.locator("[data-id=m80]").bounding_box() == before
    assert_accessible(page)
    button.click()
    expect(page.locator("#rows > .row").first).to_be_in_viewport()
    assert _rows(page)[:3] == ["m201", "m200", "m119"]


def test_it_fits_a_narrow_screen_in_the_dark(open_page: OpenPage, server: LyftrServer) -> None:
    _deliver(server, 12)
    for width in (360, 1400):
        page = open_page(viewport={"width": width, "height": 800}, color_scheme="dark")
        _open(page, server)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == "rgb(16, 20, 27)"
        wide = "document.documentElement.scrollWidth"
        assert page.evaluate(wide) == width
        assert_accessible(page)
        page.locator("#rows > .row").first.click()
        expect(page.get_by_role("dialog").locator(".whole")).to_be_visible()
        assert page.evaluate(wide) == width


def test_it_says_that_it_lost_the_server_and_finds_it_again(
    page: Page, serve: Serve, complaints: Complaints
) -> None:
    with serve() as server:
        _deliver(server, 1)
        _open(page, server)
        _wait_until_live(page)
        port = server.port
    expect(page.locator("#live")).to_have_text("Reconnecting")
    with serve("--port", str(port)) as server:
        _deliver(server, 1, begin=5)
        expect(page.locator("#rows > .row")).to_have_count(2)
        _wait_until_live(page)
        page.close()
    # The browser may say that the server was away, or not.
    complaints.seen[:] = [seen for seen in complaints.seen if "ERR_" not in seen]


def test_without_scripts_it_can_be_read_and_searched(
    open_page: OpenPage, server: LyftrServer
) -> None:
    _deliver(server, 60)
    page = open_page(java_script_enabled=False)
    _open(page, server)
    page.get_by_label("Search").fill("invoice")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#rows > .row")).to_have_count(6)
    page.locator("#rows > .row a").first.click()
    expect(page.locator(".whole")).to_have_text("Message number 50 of the invoice")
    page.get_by_role("link", name="Close").click()
    page.get_by_role("link", name="text invoice").click()
    page.get_by_role("link", name="Older messages").click()
    expect(page.locator("#rows > .row")).to_have_count(10)
