"""The kinds of reads that are timed, and the requests that ask for them."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import cycle
from urllib.parse import quote

import msgspec

from bench.client import Client
from bench.dataset import moment
from bench.messages import COMMON, COMMON_PART, RARE, sender
from lyftr_core import format_timestamp

__all__ = ["Asker", "Kind"]

_VARIANTS = 20
"""How many different places in the middle are asked for in turn."""
_BUSY_RANKS = range(5, 10)
"""Senders with more than a page of messages, in the small database too."""
_OK = 200


class Kind(StrEnum):
    """A kind of read, as the table names it."""

    FIRST = "first page"
    BY_SENDER = "?from="
    SINCE = "?since= in the middle"
    ONE = "/messages/{id}"
    STATS = "/stats"
    CURSOR = "cursor page in the middle"
    RARE = "?q= rare word"
    COMMON = "?q= word in 40 % of all messages"
    FIRST_UNCOUNTED = "first page, total=false"
    COMMON_UNCOUNTED = "?q= word in 40 % of all messages, total=false"
    COMMON_SCANNED = "?q= two letters of that word, which no index has, total=false"


class _Item(msgspec.Struct):
    message_id: str


class _Page(msgspec.Struct):
    items: list[_Item]
    next_cursor: str


class Asker:
    """Asks one server for every kind of read, in the middle for another place each time.

    Args:
        client: Connected to the server.
        size: How many messages it has.
    """

    def __init__(self, client: Client, size: int) -> None:
        self._client = client
        self._targets = {kind: cycle(targets) for kind, targets in self._variants(size).items()}

    def ask(self, kind: Kind) -> float:
        """Ask once, and return the seconds it took."""
        target = next(self._targets[kind])
        answer = self._client.get(target)
        if answer.status != _OK:
            raise RuntimeError(f"GET {target} was answered {answer.status}: {answer.body!r:.200}")
        return answer.seconds

    def _variants(self, size: int) -> dict[Kind, Sequence[str]]:
        positions = [size * (40 + place) // 100 for place in range(_VARIANTS)]
        moments = [format_timestamp(moment(position, size)) for position in positions]
        pages = [self._page_at(position) for position in positions]
        return {
            Kind.FIRST: ["/messages"],
            Kind.BY_SENDER: [f"/messages?from={quote(sender(rank))}" for rank in _BUSY_RANKS],
            Kind.SINCE: [f"/messages?since={moment}" for moment in moments],
            Kind.ONE: [f"/messages/{page.items[0].message_id}" for page in pages],
            Kind.STATS: ["/stats"],
            Kind.CURSOR: [f"/messages?cursor={quote(page.next_cursor)}" for page in pages],
            Kind.RARE: [f"/messages?q={RARE}"],
            Kind.COMMON: [f"/messages?q={COMMON}"],
            Kind.FIRST_UNCOUNTED: ["/messages?total=false"],
            Kind.COMMON_UNCOUNTED: [f"/messages?total=false&q={COMMON}"],
            Kind.COMMON_SCANNED: [f"/messages?total=false&q={COMMON_PART}"],
        }

    def _page_at(self, offset: int) -> _Page:
        answer = self._client.get(f"/messages?limit=1&total=false&offset={offset}")
        return msgspec.json.decode(answer.body, type=_Page)
