"""What a browser complains of while it shows a page."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Request

__all__ = ["Complaints"]

_OURS = re.compile(r"http://127\.0\.0\.1:\d+/|data:|blob:")
_TELL_OF_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", event => console.error(
    `Content-Security-Policy: ${event.effectiveDirective} forbids ${event.blockedURI}`
    + ` ${event.sample} (${event.sourceFile}:${event.lineNumber})`
));
"""


class Complaints:
    """Errors and warnings on the console, errors of scripts, violations of the policy, requests to
    anywhere but a server of the tests.

    Attributes:
        seen: All of them so far, in order.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._expected: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """Note what the pages of a context, those too that it opens later, complain of."""
        context.add_init_script(_TELL_OF_VIOLATIONS)
        context.on("console", self._add_message)
        context.on("request", self._add_request)
        context.on("page", self._watch_page)

    def expect(self, pattern: str) -> None:
        """Take no offence at complaints in which a regular expression is found: one must come."""
        self._expected.append(pattern)

    def check(self) -> None:
        """See that there are those that were expected, and no others."""
        others = [c for c in self.seen if not any(re.search(p, c) for p in self._expected)]
        assert not others, "\n".join(others)
        for pattern in self._expected:
            assert any(re.search(pattern, c) for c in self.seen), f"nothing like {pattern}"

    def _watch_page(self, page: Page) -> None:
        page.on("pageerror", self._add_error)

    def _add_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.seen.append(f"{message.type}: {message.text} at {message.location['url']}")

    def _add_error(self, error: Error) -> None:
        self.seen.append(f"uncaught: {error.message}\n{error.stack}")

    def _add_request(self, request: Request) -> None:
        if not _OURS.match(request.url):
            self.seen.append(f"outside: {request.url}")
