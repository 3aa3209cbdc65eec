"""`lyftr copy`, between real databases: all of it, in its order, and nothing that it must not."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyftr_cli.commands.copy import copy
from lyftr_core import AddOutcome, LogSelection, Message, MessageFilter, Removal, StorageUnavailable
from lyftr_core.errors import DataRefused
from lyftr_core.message import Record
from lyftr_core.testing import messages, moments
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres.connection.url import parse_database_url
from lyftr_postgres.maintenance.log_copy import open_log_target
from lyftr_sql.log_rows import LogRow
from tests.support.databases import KINDS, NewUrl, add, execute, held, query, store_at
from tests.support.examples import example_count
from tests.support.results import lines_of
from tests.support.server import Lyftr, environment, refusal
from tests.support.stored import assert_nothing_wrong
from tests.support.stores import put_records

NEEDS_POSTGRESQL = pytest.mark.usefixtures("postgres_server")


_PERSON = "+918877665544"


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


def digests(lines: Iterable[str]) -> set[str]:
    return {line.split(": ", 1)[1] for line in lines if "SHA-256" in line}


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
    lines = lines_of(lyftr("copy", "--from", source, "--to", target))
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


@NEEDS_POSTGRESQL
def test_readers_of_the_copy_find_what_was_copied(lyftr: Lyftr, new_url: NewUrl) -> None:
    source, target = new_url("sqlite"), new_url("postgresql")
    fill(source, *((sample(f"m{n}", text=f"number {n}"), NOON) for n in range(30)))
    lines_of(lyftr("copy", "--from", source, "--to", target))

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


@NEEDS_POSTGRESQL
def test_it_goes_back_as_it_came(lyftr: Lyftr, new_url: NewUrl) -> None:
    first, second, third = new_url("sqlite"), new_url("postgresql"), new_url("sqlite")
    put_records(
        Path(first.removeprefix("sqlite:///")),
        (Record(message=sample(f"m{n}", text=f"number {n}")) for n in range(5_000)),
    )
    there = lines_of(lyftr("copy", "--from", first, "--to", second))
    back = lines_of(lyftr("copy", "--to", third, DATABASE_URL=second))
    assert digests(there) == digests(back)
    assert held(third) == held(first)
    assert_nothing_wrong(Path(third.removeprefix("sqlite:///")))


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
    lines_of(lyftr("copy", "--from", source, "--to", target))
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


@NEEDS_POSTGRESQL
def test_what_the_target_changes_on_its_way_in_is_found(lyftr: Lyftr, new_url: NewUrl) -> None:
    source, target = new_url("sqlite"), new_url("postgresql")
    fill(source, (sample("m1"), NOON), (sample("m2"), NOON))
    lines_of(lyftr("migrate", DATABASE_URL=target))
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


@NEEDS_POSTGRESQL
def test_whoever_writes_to_the_target_meanwhile_is_noticed(new_url: NewUrl) -> None:
    target = new_url("postgresql")
    with open_log_target(parse_database_url(target)) as log:
        add(target, sample("somebody else's"))
        before = held(target)
        with pytest.raises(StorageUnavailable, match="somebody else"):
            log.append([LogRow(1, "m1", "+12", "+13", 0, None, 0, None, None)], after=0)
    assert held(target) == before


@NEEDS_POSTGRESQL
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
        assert lines_of(lyftr("copy", "--from", source, "--to", target))[0] == "1 messages copied"
        stalled.commit()
    assert lines_of(lyftr("copy", "--from", source, "--to", target))[0] == "2 messages copied"
    assert held(target) == held(source)
    assert [row[1] for row in held(target)[0]] == ["first", "stalled", "later"]


@NEEDS_POSTGRESQL
@settings(
    max_examples=example_count(15),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
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


@NEEDS_POSTGRESQL
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
