"""`lyftr copy`, between real databases: all of it, in its order, whenever it is killed."""

import asyncio
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyftr_core import AddOutcome, LogSelection, Message, MessageFilter, Removal, StorageUnavailable
from lyftr_core.errors import DataRefused
from lyftr_core.log_copy import AT_ONCE, LogRow
from lyftr_core.testing import messages, moments
from lyftr_core.testing.samples import NOON, sample
from lyftr_http.cli.copy import copy
from lyftr_postgres.log_copy import open_log_target
from lyftr_postgres.url import parse_database_url
from lyftr_sqlite import check
from tests.end_to_end.conftest import LYFTR, PATIENCE, Lyftr, Serve, environment, refusal
from tests.end_to_end.databases import execute, held, query, store_at
from tests.postgresql.database_server import DatabaseServer

pytestmark = pytest.mark.once

_PERSON = "+918877665544"
_MANY = 10 * AT_ONCE
NewUrl = Callable[[str], str]


@pytest.fixture
def new_url(postgres_server: DatabaseServer, tmp_path: Path) -> Iterator[NewUrl]:
    """Give the URL of a new database of some kind."""
    made: list[str] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{len(list(tmp_path.iterdir()))}-{time.monotonic_ns()}.db"
        made.append(postgres_server.create_database())
        return postgres_server.url(made[-1])

    yield make
    for name in made:
        postgres_server.drop_database(name)


def fill(url: str, *deliveries: tuple[Message, datetime], removed: str | None = None) -> None:
    """Take in messages, one after the other, and remove those of a number."""

    async def deliver() -> None:
        async with store_at(url) as store:
            for message, received_at in deliveries:
                await store.writer.add(message, received_at=received_at)
            if removed:
                step = await store.remover.remove(Removal(number=removed), after=0)
                assert step.removed == 1

    asyncio.run(deliver())


def fill_many(url: str, count: int = _MANY) -> None:
    async def deliver() -> None:
        async with store_at(url) as store:
            for start in range(0, count, 5_000):
                some = (sample(f"m{n}", text=f"number {n}") for n in range(start, start + 5_000))
                await asyncio.gather(*(store.writer.add(m, received_at=NOON) for m in some))

    asyncio.run(deliver())


def add(url: str, *some: Message) -> list[AddOutcome]:
    async def deliver() -> list[AddOutcome]:
        async with store_at(url) as store:
            return [await store.writer.add(message, received_at=NOON) for message in some]

    return asyncio.run(deliver())


def ok(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().splitlines()


def digests(lines: Iterable[str]) -> set[str]:
    return {line.split(": ", 1)[1] for line in lines if "SHA-256" in line}


KINDS = ("sqlite", "postgresql")
PAIRS = pytest.mark.parametrize(("source_kind", "target_kind"), list(product(KINDS, KINDS)))


@PAIRS
def test_a_copy_holds_everything_and_goes_on_behind_it(
    lyftr: Lyftr, new_url: NewUrl, source_kind: str, target_kind: str
) -> None:
    source, target = new_url(source_kind), new_url(target_kind)
    gone = sample("gone", sender=_PERSON, text="a text that is no more")
    fill(
        source,
        (sample("a", text="ÄÖÜ ß\\\t\n,\"' \\N İ"), NOON),
        (sample("none", text=None), NOON - timedelta(days=400)),
        (gone, NOON),
        (sample("empty", text=""), NOON + timedelta(microseconds=1)),
        (sample("a", text="another"), NOON + timedelta(hours=1)),
        (sample("a", recipient=_PERSON[:-1]), NOON + timedelta(hours=2)),
        removed=_PERSON,
    )
    lines = ok(lyftr("copy", "--from", source, "--to", target))
    assert lines[0] == "4 messages copied"
    assert len(lines) == 3
    assert len(digests(lines)) == 1
    assert held(target) == held(source)
    last = held(source)[0][-1][0]
    assert add(target, gone, sample("gone", text="other"), sample("new")) == [
        AddOutcome.DUPLICATE,
        AddOutcome.CONFLICT,
        AddOutcome.CREATED,
    ]
    ((seq,),) = query(target, "SELECT seq FROM messages WHERE message_id = 'new'")
    assert seq > last


def test_readers_of_the_copy_find_what_was_copied(lyftr: Lyftr, new_url: NewUrl) -> None:
    source, target = new_url("sqlite"), new_url("postgresql")
    fill(source, *((sample(f"m{n}", text=f"number {n}"), NOON) for n in range(30)))
    ok(lyftr("copy", "--from", source, "--to", target))

    async def read(url: str) -> tuple[object, ...]:
        async with store_at(url) as store:
            run = await store.reader.read_log(
                LogSelection(filter=MessageFilter(), after=10, limit=100)
            )
            return run, await store.reader.stats(), await store.reader.last_seq()

    assert asyncio.run(read(target)) == asyncio.run(read(source))
    ((index,),) = query(target, "SELECT count(*) FROM pg_class WHERE relname = 'messages_by_ts'")
    assert index == 1
    ((through,),) = query(target, "SELECT through_seq FROM projections")
    assert through == 30


def test_it_goes_back_as_it_came(lyftr: Lyftr, new_url: NewUrl) -> None:
    first, second, third = new_url("sqlite"), new_url("postgresql"), new_url("sqlite")
    fill_many(first, 5_000)
    there = ok(lyftr("copy", "--from", first, "--to", second))
    back = ok(lyftr("copy", "--to", third, DATABASE_URL=second))
    assert digests(there) == digests(back)
    assert held(third) == held(first)
    assert [f for f in check(Path(third.removeprefix("sqlite:///"))) if f.faults] == []


def test_run_again_it_copies_what_came_meanwhile(
    lyftr: Lyftr, new_url: NewUrl, serve: Serve
) -> None:
    source, target = new_url("sqlite"), new_url("postgresql")
    with serve(DATABASE_URL=source) as server:
        server.deliver("m1").raise_for_status()
        assert ok(lyftr("copy", "--from", source, "--to", target))[0] == "1 messages copied"
        server.deliver("m2").raise_for_status()
        server.deliver("m1", text="another").raise_for_status()
        assert ok(lyftr("copy", "--from", source, "--to", target))[0] == "1 messages copied"
    assert ok(lyftr("copy", "--from", source, "--to", target))[0] == "0 messages copied"
    assert held(target) == held(source)
    assert len(held(target)[1]) == 1


@pytest.mark.parametrize("target_kind", KINDS)
def test_killed_at_any_moment_it_goes_on(
    lyftr: Lyftr, new_url: NewUrl, tmp_path: Path, target_kind: str
) -> None:
    source, target = new_url("sqlite"), new_url(target_kind)
    fill_many(source)
    cut_off = 0
    for round_ in range(6):
        command = [*LYFTR, "copy", "--from", source, "--to", target]
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL
        ) as process:
            wanted = (_copied(target) + round_ % 3 * AT_ONCE) or 1
            deadline = time.monotonic() + PATIENCE
            while process.poll() is None and _copied(target) < wanted:
                assert time.monotonic() < deadline
            time.sleep(secrets.randbelow(50) / 1_000)  # where in its work does not matter
            process.kill()
        rows = held(target)[0] if _copied(target) else []
        cut_off += 0 < len(rows) < _MANY
        assert rows == held(source)[0][: len(rows)]
    assert cut_off
    ok(lyftr("copy", "--from", source, "--to", target))
    assert held(target) == held(source)
    assert add(target, sample("new")) == [AddOutcome.CREATED]
    assert held(target)[0][-1][1] == "new"


def _copied(url: str) -> int:
    """Return how many rows a target has, 0 while it has no table."""
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return 0
    try:
        ((count,),) = query(url, "SELECT count(*) FROM messages")
    except Exception as exc:  # noqa: BLE001 - of either driver; anything else is raised
        assert "no such table" in str(exc) or "does not exist" in str(exc)  # noqa: PT017 - as above
        return 0
    return int(count)


@pytest.mark.parametrize("target_kind", KINDS)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE messages SET text = 'tampered' WHERE message_id = 'm1'",
        "UPDATE messages SET received_at = received_at + 1 WHERE message_id = 'm1'",
        "UPDATE messages SET content_hash = 7 WHERE message_id = 'm2'",
        "DELETE FROM messages WHERE message_id = 'm1'",
        "UPDATE messages SET seq = seq + 1000 WHERE message_id = 'm2'",
    ],
)
def test_a_target_that_was_tampered_with_is_refused_and_left_alone(
    lyftr: Lyftr, new_url: NewUrl, target_kind: str, change: str
) -> None:
    source, target = new_url("sqlite"), new_url(target_kind)
    fill(source, *((sample(f"m{n}"), NOON) for n in range(3)))
    ok(lyftr("copy", "--from", source, "--to", target))
    add(source, sample("m4"))
    execute(target, change)
    before = held(target)
    assert "does not hold at the same place" in refusal(
        lyftr("copy", "--from", source, "--to", target)
    )
    assert held(target) == before


@pytest.mark.parametrize("target_kind", KINDS)
def test_a_target_with_other_messages_is_refused_and_left_alone(
    lyftr: Lyftr, new_url: NewUrl, target_kind: str
) -> None:
    source, target = new_url("sqlite"), new_url(target_kind)
    fill(source, (sample("m1"), NOON))
    fill(target, (sample("other"), NOON), (sample("other", text="conflict"), NOON))
    before = held(target)
    assert "needs an empty database" in refusal(lyftr("copy", "--from", source, "--to", target))
    assert held(target) == before


def test_what_the_target_changes_on_its_way_in_is_found(lyftr: Lyftr, new_url: NewUrl) -> None:
    source, target = new_url("sqlite"), new_url("postgresql")
    fill(source, (sample("m1"), NOON), (sample("m2"), NOON))
    ok(lyftr("migrate", DATABASE_URL=target))
    execute(
        target,
        """CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN NEW.text = upper(NEW.text); RETURN NEW; END'""",
    )
    execute(
        target, "CREATE TRIGGER t BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION spoil()"
    )
    line = refusal(lyftr("copy", "--from", source, "--to", target))
    assert "the copy differs" in line
    assert line.count("2 messages, 0 of them removed, 0 conflicts, SHA-256 ") == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_the_target_does_not_take_is_named_and_those_before_it_are_copied(
    new_url: NewUrl, kind: str
) -> None:
    source, target = new_url("sqlite"), new_url(kind)
    fill(source, *((sample(f"m{n}", text=text), NOON) for n, text in enumerate("abcdbe")))
    add(target)  # makes the tables
    execute(target, "CREATE UNIQUE INDEX one_text ON messages (text)")
    done = CliRunner().invoke(copy, ["--from", source, "--to", target], env=environment())
    assert isinstance(done.exception, DataRefused)
    assert str(done.exception).startswith("the message with seq 5: cannot write ")
    assert query(target, "SELECT seq FROM messages ORDER BY seq") == [(1,), (2,), (3,), (4,)]


def test_whoever_writes_to_the_target_meanwhile_is_noticed(new_url: NewUrl) -> None:
    target = new_url("postgresql")
    with open_log_target(parse_database_url(target)) as log:
        add(target, sample("somebody else's"))
        before = held(target)
        with pytest.raises(StorageUnavailable, match="somebody else"):
            log.append([LogRow(1, "m1", "+12", "+13", 0, None, 0, None, None)], after=0)
    assert held(target) == before


def test_what_comes_behind_a_transaction_under_way_waits_for_it(
    lyftr: Lyftr, new_url: NewUrl
) -> None:
    source, target = new_url("postgresql"), new_url("sqlite")
    fill(source, (sample("first"), NOON))
    with psycopg.connect(source) as stalled:
        stalled.execute("SELECT pg_current_xact_id()")
        stalled.execute(
            """INSERT INTO messages (message_id, seq, sender, recipient, ts, received_at)
               SELECT 'stalled', (pg_current_xact_id()::text::bigint + base) * 4096 + 1,
                   '+12', '+13', 0, 0 FROM log_base"""
        )
        add(source, sample("later"))
        assert ok(lyftr("copy", "--from", source, "--to", target))[0] == "1 messages copied"
        stalled.commit()
    assert ok(lyftr("copy", "--from", source, "--to", target))[0] == "2 messages copied"
    assert held(target) == held(source)
    assert [row[1] for row in held(target)[0]] == ["first", "stalled", "later"]


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.tuples(messages(), moments()), max_size=20))
def test_any_message_comes_through_as_it_is(
    new_url: NewUrl, found: list[tuple[Message, datetime]]
) -> None:
    first, second, third = new_url("sqlite"), new_url("postgresql"), new_url("sqlite")
    fill(first, *found)
    for source, target in ((first, second), (second, third)):
        copy.main(["--from", source, "--to", target], standalone_mode=False)
    assert held(first) == held(second) == held(third)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "mysql://localhost/x"], "--to must be sqlite:///FILE"),
        (["--to", ""], "--to must be sqlite:///FILE"),
        (["--from", "postgresql://u:canary@h:x/d", "--to", "sqlite:///x.db"], "--from must be"),
        (["--from", "sqlite:///missing.db", "--to", "sqlite:///x.db"], "there is no such file"),
        (["--from", "sqlite:///missing.db"], "--to"),
        (["--from", "sqlite:///m.db", "--to", "sqlite:///no/x.db"], "m.db: there is no such file"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    lyftr: Lyftr, options: list[str], words: str
) -> None:
    line = refusal(lyftr("copy", *options))
    assert words in line
    assert "canary" not in line


def test_a_server_under_another_name_is_no_other_database(lyftr: Lyftr, new_url: NewUrl) -> None:
    source = new_url("postgresql")
    add(source, sample("m1"))
    target = source.replace("postgresql://", "postgres://")
    assert "is the database that is copied from" in refusal(
        lyftr("copy", "--from", source, "--to", target)
    )


def test_no_password_is_shown(lyftr: Lyftr, new_url: NewUrl) -> None:
    source = new_url("sqlite")
    add(source, sample("m1"))
    target = "postgresql://somebody:canary@127.0.0.1:1/inbox"
    done = lyftr("copy", "--from", source, "--to", target)
    assert "inbox at 127.0.0.1:1" in refusal(done)
    assert b"canary" not in done.stderr + done.stdout
