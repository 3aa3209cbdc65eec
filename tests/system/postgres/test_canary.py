"""What is confidential shows nowhere either where PostgreSQL refuses, whatever it says of why."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.canaries import (
    LOGGED,
    NUMBERS,
    REPLICA,
    SECRETS,
    TOKENS,
    assert_clean,
    message,
    reads,
    webhook,
    webhooks,
)
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.server import LyftrServer, Serve

_TOKEN = {"headers": {"Authorization": f"Bearer {TOKENS[0]}"}}
_PATHS = ("/messages", "/messages?q=canary-text", "/messages/bad-number", "/stats", "/health/ready")
_NOTHING_FITS = "ALTER TABLE messages ADD CONSTRAINT nothing CHECK (message_id = '') NOT VALID"
_RAISES = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'refused' USING DETAIL = NEW.text, HINT = NEW.sender; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()"""
_FAULTS = {
    "a row that fits no constraint": (
        _NOTHING_FITS,
        "ALTER TABLE messages DROP CONSTRAINT nothing",
    ),
    "a trigger that tells all": (_RAISES, "DROP FUNCTION refuse CASCADE"),
    "a table that is gone": (
        "ALTER TABLE messages RENAME TO elsewhere",
        "ALTER TABLE elsewhere RENAME TO messages",
    ),
    "a column of another kind": (
        "ALTER TABLE conflicts RENAME deliveries TO others",
        "ALTER TABLE conflicts RENAME others TO deliveries",
    ),
}


@pytest.fixture
def here(postgres_server: DatabaseServer, postgres_url: str) -> DatabaseServer:
    """Asks the database of the test."""
    return DatabaseServer(postgres_url, postgres_server.psql)


@contextmanager
def fault(here: DatabaseServer, name: str) -> Iterator[None]:
    begin, end = _FAULTS[name]
    here.sql(begin)
    yield
    here.sql(end)


def ask_everything(server: LyftrServer) -> set[int]:
    """Deliver a new message and a conflict, read, and return what was answered."""
    requests = [webhook(message(message_id=f"{LOGGED}-refused"))]
    requests += [webhook(message(text="canary-another"))]
    requests += [("GET", path, _TOKEN) for path in _PATHS]
    return {_ask(server, *request) for request in requests}


def _ask(server: LyftrServer, method: str, target: str, arguments: dict[str, object]) -> int:
    answer = server.http.request(method, target, **arguments)  # type: ignore[arg-type] # httpx's
    if answer.is_error:
        assert_clean(f"{answer.text} {answer.headers}", LOGGED)
    return answer.status_code


def test_nothing_confidential_shows_where_postgresql_refuses(
    serve: Serve, postgres_url: str, here: DatabaseServer
) -> None:
    with serve(DATABASE_URL=postgres_url, LOG_LEVEL="DEBUG", **SECRETS) as server:
        statuses = {_ask(server, *request) for request in (*webhooks(), *reads())}
        assert statuses >= {200, 401, 404, 405, 413, 422}
        for name in _FAULTS:
            with fault(here, name):
                assert 503 in ask_everything(server), name
        here.sql(
            "INSERT INTO messages (message_id, seq, sender, recipient, ts, text, received_at)"  # noqa: S608 - of the test alone
            f" VALUES ('bad-number', 1, 'canary-number', '+{NUMBERS[1]}', 0, 'canary-text', 0)"
        )
        assert 500 in ask_everything(server)
        here.sql("DELETE FROM messages WHERE message_id = 'bad-number'")
        assert_clean(server.http.get("/metrics").text, LOGGED)
    written = server.output.read_text()
    assert "Traceback" in written
    assert_clean(written)


def test_no_password_shows_where_the_replica_is_away(serve: Serve, postgres_url: str) -> None:
    with serve(DATABASE_URL=postgres_url, LOG_LEVEL="DEBUG", **SECRETS, **REPLICA) as server:
        assert 503 in ask_everything(server)
    assert_clean(server.output.read_text())
