"""Takes the pictures of the inbox for the documentation.

`python -m tests.browser.screens /usr/bin/chromium` writes them anew.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from tests.support.server import SECRET, LyftrServer

Scheme = Literal["light", "dark"]

_FOLDER = Path(__file__).parents[2] / "docs" / "_static" / "screens"
_LAST = datetime(2026, 1, 15, 16, 42, 10, tzinfo=UTC)
_TEXTS = (
    "Your parcel is with the courier and comes between 2 and 4 pm.",
    "Reminder: your appointment is tomorrow at 09:30. Reply 1 to confirm.",
    "1",
    "Invoice 2026-0115 is paid. Thank you!",
    "Can I move my booking to Friday?",
    "Der Termin passt, danke. Bis morgen in der Hauptstraße.",
    "Votre café est prêt, vous pouvez passer le prendre.",
    "Where can I see my invoice?",
    "Sorry, I am ten minutes late.",
    "Please call me back on this number.",
)
_SENDERS = ("+919876543210", "+919800000017", "+14155550123", "+4915112345678", "+33612345678")
_PICTURES: tuple[tuple[str, str, int, int, Scheme], ...] = (
    ("inbox-light", "/", 1280, 800, "light"),
    ("inbox-dark", "/?q=invoice", 1280, 800, "dark"),
    ("inbox-narrow-light", "/", 390, 844, "light"),
    ("inbox-narrow-dark", "/?message=m2", 390, 844, "dark"),
)


def _fill(server: LyftrServer) -> None:
    moment = _LAST
    for number in range(160):
        server.deliver(
            f"m{number}",
            ts=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            text=_TEXTS[number * 7 % len(_TEXTS)],
            **{"from": _SENDERS[number * number % 11 % len(_SENDERS)]},
        ).raise_for_status()
        moment -= timedelta(seconds=97 + number * 37 % 640)


def _take(browser: Browser, server: LyftrServer) -> None:
    for name, path, width, height, scheme in _PICTURES:
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        page.goto(f"{server.http.base_url}{path}")
        page.locator("#live", has_text="Live").wait_for()
        page.wait_for_timeout(500)  # for the chart, and what the dialog is filled with
        page.screenshot(path=_FOLDER / f"{name}.png")
        page.close()


def main() -> None:
    """Take them all."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        LyftrServer(Path(folder), WEBHOOK_SECRET=SECRET) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"]) as browser,
    ):
        _fill(server)
        _take(browser, server)


if __name__ == "__main__":
    main()
