"""What the service promises, as the simplest program that keeps it: a dictionary and loops.

Written from the documentation, not from the code; it imports nothing of lyftr.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

__all__ = ["Fields", "InboxModel", "Item", "Place", "content_of", "place_of"]

Fields = Mapping[str, str | None]
"""The fields of a message as they were sent; `text` may be absent."""
Item = dict[str, object]
"""A message as the service gives it back."""
Place = tuple[str, str, str]
"""Where a message stands in the order: its second, its fraction, its identifier."""


class InboxModel:
    """The messages that were acknowledged, and what every question about them must answer."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.results: Counter[str] = Counter()

    def result_of(self, fields: Fields) -> str:
        """Return what becomes of a delivery."""
        known = self.items.get(str(fields["message_id"]))
        if known is None:
            return "created"
        return "duplicate" if content_of(fields).items() <= known.items() else "conflict"

    def keep(self, fields: Fields, received_at: object, seq: object) -> None:
        """Keep a message that was created."""
        item = {**content_of(fields), "received_at": received_at, "seq": seq}
        self.items[str(fields["message_id"])] = item

    def page(
        self,
        filters: Mapping[str, str],
        order: str,
        limit: int,
        offset: int,
        after: Place | None,
        *,
        total: bool,
    ) -> tuple[dict[str, object], bool]:
        """Return a page without its cursor, and whether anything follows it."""
        passing = [item for item in self.items.values() if _passes(item, filters)]
        passing.sort(key=place_of, reverse=order == "desc")
        behind = [item for item in passing if after is None or _follows(item, after, order)]
        run = behind[offset:]
        page: dict[str, object] = {
            "items": run[:limit],
            "total": len(passing) if total else None,
            "limit": limit,
            "offset": offset,
        }
        return page, len(run) > limit

    def log(self, filters: Mapping[str, str], after: int) -> list[Item]:
        """Return the messages behind a `seq` that pass, in the order in which they were stored."""
        behind = [item for item in self.items.values() if int(str(item["seq"])) > after]
        behind.sort(key=lambda item: int(str(item["seq"])))
        return [item for item in behind if _passes(item, filters)]

    def stats(self) -> dict[str, object]:
        """Return the answer of `GET /stats`."""
        items = sorted(self.items.values(), key=place_of)
        senders = Counter(str(item["from"]) for item in items)
        busiest = sorted(senders.items(), key=lambda entry: (-entry[1], entry[0]))[:10]
        return {
            "total_messages": len(items),
            "senders_count": len(senders),
            "messages_per_sender": [{"from": name, "count": count} for name, count in busiest],
            "first_message_ts": items[0]["ts"] if items else None,
            "last_message_ts": items[-1]["ts"] if items else None,
            "messages_per_hour": _hours(items) if items else [],
        }


def content_of(fields: Fields) -> dict[str, object]:
    """Return what is kept of a message, in the form in which it is given back."""
    content: dict[str, object] = {name: fields[name] for name in ("message_id", "from", "to")}
    return {**content, "ts": canonical(str(fields["ts"])), "text": fields.get("text")}


def canonical(ts: str) -> str:
    """Cut a timestamp off at the microsecond, and take away the zeros at its end."""
    second, _, fraction = ts.removesuffix("Z").partition(".")
    kept = fraction[:6].rstrip("0")
    return f"{second}.{kept}Z" if kept else f"{second}Z"


def place_of(item: Item) -> Place:
    """Return what messages are sorted by."""
    second, fraction = _moment(str(item["ts"]))
    return second, fraction, str(item["message_id"])


def _moment(ts: str) -> tuple[str, str]:
    second, _, fraction = canonical(ts).removesuffix("Z").partition(".")
    return second, fraction.ljust(6, "0")


def _follows(item: Item, after: Place, order: str) -> bool:
    return place_of(item) < after if order == "desc" else place_of(item) > after


def _passes(item: Item, filters: Mapping[str, str]) -> bool:
    moment = _moment(str(item["ts"]))
    text = item["text"]
    return all(
        (
            filters.get("from", item["from"]) == item["from"],
            filters.get("to", item["to"]) == item["to"],
            "since" not in filters or moment >= _moment(filters["since"]),
            "until" not in filters or moment < _moment(filters["until"]),
            "q" not in filters
            or (isinstance(text, str) and filters["q"].casefold() in text.casefold()),
        )
    )


def _hours(items: list[Item]) -> list[dict[str, object]]:
    """Count the hour of the last message and the 23 before it, as far as there were any."""
    counts = Counter(str(item["ts"])[:13] for item in items)
    last = datetime.fromisoformat(str(items[-1]["ts"])[:13] + ":00:00Z")
    first = datetime.min.replace(tzinfo=UTC)
    before = min(23, (last - first) // timedelta(hours=1))
    hours = [last - timedelta(hours=n) for n in range(before, -1, -1)]
    names = [hour.isoformat()[:13] for hour in hours]
    return [{"hour": f"{name}:00:00Z", "count": counts[name]} for name in names]
