"""Whatever is done with the service, in whatever order: each answer is that of the model."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from prometheus_client.parser import text_string_to_metric_families

from tests.support.model.inbox_model import (
    Fields,
    InboxModel,
    Item,
    Place,
    content_of,
    place_of,
)
from tests.support.model.requests import (
    IDS,
    bad_bodies,
    bad_queries,
    filters,
    messages,
    query_string,
    some_message,
)

__all__ = ["Answer", "ServiceMachine", "Webhook"]

_ORDERS = st.sampled_from(["asc", "desc"])
_LIMITS = st.integers(1, 4) | st.just(100)


class Answer(NamedTuple):
    """An answer of the service, its body decoded where it is JSON."""

    status: int
    body: object


_OK = Answer(200, {"status": "ok"})


class Webhook(NamedTuple):
    """A body and whether its signature is right."""

    body: bytes
    is_signed: bool = True


class Service(Protocol):
    """The whole service, however it is run."""

    def deliver(self, webhooks: Sequence[Webhook]) -> list[Answer]:
        """Post webhooks, all at once."""
        ...

    def get(self, target: str) -> Answer:
        """Get a target, percent-encoded."""
        ...

    def restart(self) -> None:
        """End it, and begin again on the same file."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class _Cursor(NamedTuple):
    filters: Mapping[str, str]
    order: str
    after: Place
    parameters: Mapping[str, object]


class ServiceMachine(RuleBasedStateMachine):
    """Drives a service and the model side by side.

    Args:
        service: Fresh and empty.
        seen: Counts what happened that is worth happening.
    """

    def __init__(self, service: Service, seen: Counter[str]) -> None:
        super().__init__()
        self.service = service
        self.model = InboxModel()
        self.cursors: list[_Cursor] = []
        self.seen = seen

    @initialize(count=st.sampled_from([0, 1, 50, 200]), step=st.integers(1, 99))
    def deliver_at_the_beginning(self, count: int, step: int) -> None:
        """Most questions are about something; to draw as much would take too long."""
        self.deliver_at_once([some_message(n * step) for n in range(count)])

    @rule(fields=messages)
    def deliver(self, fields: Fields) -> None:
        """A message that is new, known, or known with other content."""
        result = self.model.result_of(fields)
        assert self._post(_body(fields)) == _OK
        self.model.results[result] += 1
        if result == "created":
            self._learn([fields], self._get_item(str(fields["message_id"])))

    @precondition(lambda self: self.model.items)
    @rule(data=st.data(), zeros=st.sampled_from(["", "0", "000"]))
    def redeliver(self, data: st.DataObject, zeros: str) -> None:
        """The same message in other JSON is the same message."""
        known = self.model.items[data.draw(st.sampled_from(list(self.model.items)))]
        ts = str(known["ts"]).removesuffix("Z")
        spelled = ts + (zeros if "." in ts else zeros and f".{zeros}") + "Z"
        again = {"text": known["text"], "ts": spelled, "seq": None, "to": known["to"]}
        content = {**again, "from": known["from"], "message_id": known["message_id"]}
        assert self._post(json.dumps(content, ensure_ascii=False, indent=1).encode()) == _OK
        self.model.results["duplicate"] += 1

    @precondition(lambda self: self.model.items)
    @rule(data=st.data(), other=messages, name=st.sampled_from(["from", "to", "ts", "text"]))
    def redeliver_with_one_other_field(self, data: st.DataObject, other: Fields, name: str) -> None:
        """The first delivery wins, whichever field differs; an equal one is a duplicate."""
        known = self.model.items[data.draw(st.sampled_from(list(self.model.items)))]
        fields = {key: value for key, value in known.items() if isinstance(value, str)}
        self.deliver({**fields, "text": None, **fields, name: other.get(name)})

    @rule(several=st.lists(messages, min_size=2, max_size=6))
    def deliver_at_once(self, several: list[Fields]) -> None:
        """Of those with one identifier, one is stored; which one, only the service knows."""
        answers = self.service.deliver([Webhook(_body(fields)) for fields in several])
        assert answers == [_OK] * len(several)
        names = {str(fields["message_id"]) for fields in several} - self.model.items.keys()
        rest = list(several)
        stored = [item for item in self._all_items() if item["message_id"] in names]
        assert len(stored) == len(names)
        for item in sorted(stored, key=lambda item: int(str(item["seq"]))):
            rest.remove(self._learn(several, item))
            self.model.results["created"] += 1
        self.model.results.update(self.model.result_of(fields) for fields in rest)

    @rule(body=bad_bodies())
    def deliver_what_is_no_message(self, body: tuple[bytes, list[dict[str, object]]]) -> None:
        """Every fault is named."""
        content, faults = body
        assert self._post(content) == Answer(422, {"detail": faults})
        self.model.results["validation_error"] += 1

    @rule(
        content=messages.map(lambda fields: json.dumps(fields).encode())
        | bad_bodies().map(lambda pair: pair[0])
    )
    def deliver_without_proof(self, content: bytes) -> None:
        """Whatever the body is, nobody looks at it."""
        refused = Answer(401, {"detail": "invalid signature"})
        assert self._post(content, is_signed=False) == refused
        self.model.results["invalid_signature"] += 1

    @rule()
    def restart(self) -> None:
        """Nothing is forgotten but the counters."""
        self.service.restart()
        self.seen.update(self.model.results)
        self.model.results.clear()
        self.seen["restart of a full service"] += bool(self.model.items)

    @rule(message_id=IDS)
    def get_any(self, message_id: str) -> None:
        """A message is there exactly if it was acknowledged."""
        known = self.model.items.get(message_id)
        expected = Answer(200, known) if known else Answer(404, {"detail": "no such message"})
        assert self.service.get(f"/messages/{quote(message_id, safe='')}") == expected

    @rule(
        query=filters,
        order=_ORDERS,
        limit=_LIMITS,
        offset=st.integers(0, 3) | st.just(2**63 - 1),
        total=st.booleans(),
    )
    def list_from_an_offset(
        self, query: Mapping[str, str], order: str, limit: int, offset: int, *, total: bool
    ) -> None:
        """Filters, order, limit and offset in any combination."""
        parameters = {**query, "order": order, "limit": limit, "total": str(total).lower()}
        shown = query_string({**parameters, "offset": offset})
        page, follows = self.model.page(query, order, limit, offset, None, total=total)
        self._compare(shown, page, _Cursor(query, order, ("", "", ""), parameters), follows=follows)

    @precondition(lambda self: self.model.items)
    @rule(
        data=st.data(), name=st.sampled_from(["from", "to", "since", "until", "q"]), order=_ORDERS
    )
    def list_by_what_is_stored(self, data: st.DataObject, name: str, order: str) -> None:
        """The edges of a filter are where messages are."""
        known = self.model.items[data.draw(st.sampled_from(list(self.model.items)))]
        values = {"since": known["ts"], "until": known["ts"], "q": str(known["text"])[1:] or "e"}
        value = str({**known, **values}[name])[:256]
        self.list_from_an_offset({name: value}, order, limit=3, offset=0, total=True)

    @precondition(lambda self: self.cursors)
    @rule(data=st.data(), limit=_LIMITS)
    def list_behind_a_cursor(self, data: st.DataObject, limit: int) -> None:
        """A cursor continues where its page ended, whatever has come since."""
        cursor = data.draw(st.sampled_from(self.cursors))
        total = cursor.parameters["total"] == "true"
        page, follows = self.model.page(
            cursor.filters, cursor.order, limit, 0, cursor.after, total=total
        )
        shown = query_string({**cursor.parameters, "limit": limit})
        self._compare(shown, page, cursor, follows=follows)

    @precondition(lambda self: self.cursors)
    @rule(data=st.data(), query=filters, order=_ORDERS)
    def list_behind_a_cursor_of_something_else(
        self, data: st.DataObject, query: Mapping[str, str], order: str
    ) -> None:
        """A cursor fits its own filters and order alone."""
        cursor = data.draw(st.sampled_from(self.cursors))
        if order == cursor.order:
            query = {**query, "q": "nothing else has this"}
        parameters = {**query, "order": order, "cursor": cursor.parameters["cursor"]}
        msg = "must be used with the filters and the order it was given for"
        fault = {"loc": ["query", "cursor"], "msg": msg, "type": "cursor_mismatch"}
        answer = self.service.get(f"/messages?{query_string(parameters)}")
        assert answer == Answer(422, {"detail": [fault]})

    @rule(query=bad_queries())
    def list_with_bad_parameters(self, query: tuple[str, list[dict[str, object]]]) -> None:
        """Every bad parameter is named."""
        shown, faults = query
        assert self.service.get(f"/messages?{shown}") == Answer(422, {"detail": faults})

    @rule(query=filters, limit=_LIMITS, after=st.integers(0, 3) | st.sampled_from([50, 2**63 - 1]))
    def follow_the_log(self, query: Mapping[str, str], limit: int, after: int) -> None:
        """From wherever one begins, each message that passes comes once, in the order stored."""
        items: list[Item] = []
        position, has_more = after, True
        while has_more:
            shown = query_string({**query, "limit": limit, "after": position})
            answer = self.service.get(f"/messages?{shown}")
            assert answer.status == 200
            assert isinstance(answer.body, dict)
            assert len(answer.body["items"]) <= limit
            items += answer.body["items"]
            has_more = answer.body["has_more"]
            assert answer.body["next_after"] > position or not has_more
            position = answer.body["next_after"]
        assert items == self.model.log(query, after)
        self.seen["full log" if items else "empty log"] += 1

    @rule()
    def count(self) -> None:
        """The statistics are those of all messages."""
        assert self.service.get("/stats") == Answer(200, self.model.stats())

    @rule()
    def ask_for_metrics(self) -> None:
        """Each webhook since the start is counted by its result."""
        text = self.service.get("/metrics").body
        counts = {
            sample.labels["result"]: sample.value
            for family in text_string_to_metric_families(str(text))
            for sample in family.samples
            if sample.name == "webhook_requests_total" and sample.value
        }
        assert counts == dict(self.model.results)

    @rule()
    def ask_for_readiness(self) -> None:
        """Nothing that is done makes it unready."""
        assert self.service.get("/health/ready").status == 200

    def teardown(self) -> None:
        """End the service."""
        self.seen.update(self.model.results)
        self.service.close()

    def _post(self, content: bytes, *, is_signed: bool = True) -> Answer:
        (answer,) = self.service.deliver([Webhook(content, is_signed)])
        return answer

    def _get_item(self, message_id: str) -> Item:
        answer = self.service.get(f"/messages/{quote(message_id, safe='')}")
        assert answer.status == 200
        assert isinstance(answer.body, dict)
        return answer.body

    def _all_items(self) -> list[Item]:
        items: list[Item] = []
        while len(items) % 100 == 0:
            answer = self.service.get(f"/messages?limit=100&offset={len(items)}")
            assert isinstance(answer.body, dict)
            if not answer.body["items"]:
                break
            items += answer.body["items"]
        return items

    def _learn(self, candidates: Sequence[Fields], item: Item) -> Fields:
        """Keep the one of some messages that the service stored, with what it alone decides."""
        newest = max((int(str(known["seq"])) for known in self.model.items.values()), default=0)
        assert isinstance(item["seq"], int)
        assert item["seq"] > newest
        for fields in candidates:
            if content_of(fields).items() <= item.items():
                self.model.keep(fields, item["received_at"], item["seq"])
                assert self.model.items[str(fields["message_id"])] == item
                return fields
        raise AssertionError(f"{item} is none of {candidates}")

    def _compare(
        self, shown: str, page: dict[str, object], cursor: _Cursor, *, follows: bool
    ) -> None:
        answer = self.service.get(f"/messages?{shown}")
        assert isinstance(answer.body, dict)
        next_cursor = answer.body.pop("next_cursor", "absent")
        assert answer == Answer(200, page)
        assert isinstance(next_cursor, str) is follows
        kind = "page behind a cursor" if "cursor=" in shown else "page"
        self.seen[f"full {kind}" if page["items"] else f"empty {kind}"] += 1
        assert next_cursor != "absent"
        if follows:
            items = page["items"]
            assert isinstance(items, list)
            parameters = {**cursor.parameters, "cursor": next_cursor}
            self.cursors.append(cursor._replace(after=place_of(items[-1]), parameters=parameters))


def _body(fields: Fields) -> bytes:
    return json.dumps(fields).encode()
