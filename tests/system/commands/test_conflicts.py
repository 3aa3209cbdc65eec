"""Conflicts at a real server: answered 200, seen, and listed."""

import re

from prometheus_client.parser import text_string_to_metric_families

from tests.support.results import records
from tests.support.server import (
    Lyftr,
    LyftrServer,
    Serve,
)
from tests.support.stores import ON_BOTH

_TIME = re.compile(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]*[1-9])?Z")


def counted(server: LyftrServer, result: str) -> float:
    text = server.http.get("/metrics").text
    return next(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "webhook_requests_total" and sample.labels == {"result": result}
    )


@ON_BOTH
def test_a_conflict_is_answered_200_and_the_first_is_kept_and_it_is_seen_everywhere(
    serve: Serve, lyftr: Lyftr
) -> None:
    with serve() as server:
        assert server.deliver("m1", text="first").json() == {"status": "ok"}
        kept = server.http.get("/messages/m1").json()
        answer = server.deliver("m1", text="second", to="+14155550199")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert server.http.get("/messages/m1").json() == kept
        assert server.http.get("/messages").json()["total"] == 1
        line = server.wait_for_line('"result":"conflict"')
        assert (line["status"], line["message_id"], line["duplicate"]) == (200, "m1", False)
        assert counted(server, "conflict") == 1
        (conflict,) = records(lyftr("conflicts", "--json"))  # while the server runs
    assert list(conflict) == [
        *("message_id", "fields", "first_received_at", "last_received_at", "deliveries")
    ]
    assert (conflict["message_id"], conflict["fields"]) == ("m1", ["to", "text"])
    assert conflict["deliveries"] == 1
    assert conflict["first_received_at"] == conflict["last_received_at"]
    assert _TIME.fullmatch(conflict["first_received_at"])
