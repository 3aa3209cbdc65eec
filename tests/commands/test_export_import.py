"""`lyftr export` and `lyftr import`, on real files: out, in, and out again is the same."""

import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyftr_cli.main import cli
from lyftr_core import Message, StoredMessage
from lyftr_core.message import Record
from lyftr_core.testing import messages, moments
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_sqlite import migrate
from tests.support.databases import rows
from tests.support.examples import example_count
from tests.support.results import ok
from tests.support.server import Lyftr, environment, refusal
from tests.support.stored import assert_nothing_wrong
from tests.support.stores import put_records

FORMATS = ["jsonl", "csv"]
MANY = 5_000
BOTH = pytest.mark.parametrize("kind", FORMATS)


def fill(path: Path, stored: Iterable[StoredMessage]) -> None:
    """Put messages into a database, each at its place."""
    put_records(
        path, (Record(message=s.message, received_at=s.received_at, seq=s.seq) for s in stored)
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with more messages than an export reads at once."""
    path = tmp_path_factory.mktemp("filled") / "lyftr.db"
    put_records(path, (Record(message=sample(f"m{n}", text=f'"{n}",\r\nx')) for n in range(MANY)))
    return path


@pytest.fixture
def many(filled: Path, tmp_path: Path) -> Path:
    """A copy of it, which is nobody else's."""
    return Path(shutil.copy(filled, tmp_path / "lyftr.db"))


@BOTH
@settings(
    max_examples=example_count(8),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(
    st.lists(
        st.tuples(messages(), moments(), st.integers(1, 2**40)),
        max_size=20,
        unique_by=(lambda row: row[0].message_id, lambda row: row[2]),
    )
)
def test_out_in_and_out_again_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, kind: str, found: list[tuple[Message, datetime, int]]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    first, second = folder / "first.db", folder / "second.db"
    stored = [
        StoredMessage(message=message, received_at=moment, seq=seq)
        for message, moment, seq in sorted(found, key=lambda row: row[2])
    ]
    fill(first, stored)

    def run(database: Path, *arguments: str) -> bytes:
        variables = {"DATABASE_URL": f"sqlite:///{database}"}
        done = CliRunner().invoke(cli, arguments, env=variables, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout_bytes

    file = folder / f"x.{kind}"
    run(first, "export", "--output", str(file))
    run(second, "import", str(file))
    assert run(second, "export", "--format", kind) == file.read_bytes()
    assert rows(first) == rows(second)
    assert_nothing_wrong(second)


@BOTH
def test_an_export_is_private_and_whole_or_not_there(
    lyftr: Lyftr, many: Path, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / f"x.{kind}"
    ok(lyftr("export", "--output", target.name))
    assert target.stat().st_mode & 0o777 == 0o600
    assert not target.with_name(f"x.{kind}.part").exists()
    assert "is there already" in refusal(lyftr("export", "--output", target.name))
    before = target.read_bytes()
    ok(lyftr("export", "--output", target.name, "--force"))
    assert target.read_bytes() == before == lyftr("export", "--format", kind).stdout


def test_an_export_is_filtered_as_a_list_is(lyftr: Lyftr, tmp_path: Path) -> None:
    texts = {"m1": "Hello", "m2": "STRASSE", "m3": "straße"}
    fill(
        tmp_path / "lyftr.db",
        (
            StoredMessage(message=sample(name, text=text), received_at=NOON, seq=seq)
            for seq, (name, text) in enumerate(texts.items(), start=1)
        ),
    )

    def found(*options: str) -> list[str]:
        lines = ok(lyftr("export", *options)).splitlines()
        return [json.loads(line)["message_id"] for line in lines]

    assert found() == ["m1", "m2", "m3"]
    assert found("--q", "strasse") == ["m2", "m3"]
    assert found("--from", sample().sender, "--until", "2026-01-15T12:00:00.000001Z") == [*texts]
    assert found("--since", "2026-01-15T12:00:00.000001Z") == []
    assert found("--to", "+12") == []
    assert "must be an E.164" in refusal(lyftr("export", "--from", "12"))
    assert "--since" in refusal(lyftr("export", "--since", "yesterday"))


@BOTH
def test_a_log_beyond_what_files_hold_goes_out_whole_or_resumed_and_in_in_its_order(
    tmp_path: Path, kind: str
) -> None:
    """As an import could take it there once."""
    old, new, file = tmp_path / "old.db", tmp_path / "new.db", tmp_path / f"x.{kind}"
    fill(
        old,
        (
            StoredMessage(message=sample(f"m{n}"), received_at=NOON, seq=n)
            for n in (1, 2**52 - 1, 2**52)
        ),
    )
    with closing(sqlite3.connect(old)) as database, database:
        database.execute("UPDATE messages SET seq = seq + ? WHERE seq > 1", [2**52])

    def run(database: Path, *arguments: str) -> bytes:
        variables = {"DATABASE_URL": f"sqlite:///{database}"}
        done = CliRunner().invoke(cli, arguments, env=variables, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout_bytes

    whole = run(old, "export", "--format", kind)
    file.with_name(f"x.{kind}.part").write_bytes(whole)
    run(old, "export", "--output", str(file), "--resume")
    assert file.read_bytes() == whole
    run(new, "import", str(file))
    names = ["m1", f"m{2**52 - 1}", f"m{2**52}"]
    # The first of the other two has the last number that files hold.
    assert [row[:2] for row in rows(new)] == list(enumerate(names, start=1))


@BOTH
def test_a_stopped_export_goes_on_to_the_same_file(
    lyftr: Lyftr, many: Path, tmp_path: Path, kind: str
) -> None:
    whole = lyftr("export", "--format", kind).stdout
    part, target = tmp_path / f"x.{kind}.part", tmp_path / f"x.{kind}"
    for kept in (0, 1, 50, 300_000, -1, -2, -7):
        part.touch(0o600)
        part.write_bytes(whole[:kept])
        ok(lyftr("export", "--output", target.name, "--resume", "--force"))
        assert target.read_bytes() == whole
        assert not part.exists()


def test_what_a_loss_of_power_left_at_the_end_of_an_export_is_cut_off(
    lyftr: Lyftr, many: Path, tmp_path: Path
) -> None:
    whole = lyftr("export").stdout
    (tmp_path / "x.jsonl.part").touch(0o600)
    (tmp_path / "x.jsonl.part").write_bytes(whole[:20_000] + b"\0" * 4_096 + b"\n" * 10)
    ok(lyftr("export", "--output", "x.jsonl", "--resume"))
    assert (tmp_path / "x.jsonl").read_bytes() == whole


def test_an_export_needs_a_database(lyftr: Lyftr) -> None:
    assert "no such file" in refusal(lyftr("export"))
    assert "--output" in refusal(lyftr("export", "--resume"))


def test_what_is_there_already_is_counted_and_conflicts_are_recorded(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    line = '{"message_id":"%s","from":"+12","to":"+13","ts":"2026-01-15T12:00:00Z","text":"%s"}\n'
    done = lyftr("import", "-", stdin=(line % ("a", "x") + line % ("b", "y")).encode())
    assert ok(done).endswith("lyftr.db: 2 new, 0 there already, 0 conflicts\n")
    done = lyftr("import", "-", stdin=(line % ("a", "x") + line % ("b", "other")).encode())
    assert ok(done).endswith("lyftr.db: 0 new, 1 there already, 1 conflicts\n")
    (conflict,) = ok(lyftr("conflicts", "--json")).splitlines()
    assert json.loads(conflict)["message_id"] == "b"


GOOD = '{"message_id":"%s","from":"+12","to":"+13","ts":"2026-01-15T12:00:00Z"}\n'
BAD = '{"message_id":"canary","from":"canary","to":"+13","ts":"x"}\n'


def test_an_import_stops_at_what_breaks_a_rule_and_names_it(lyftr: Lyftr, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(GOOD % "a" + "\n" + BAD + GOOD % "b")
    line = refusal(lyftr("import", "x.jsonl"))
    assert "x.jsonl, line 3: from: must be an E.164 phone number" in line
    assert "; ts: must be an RFC 3339 time" in line
    assert line.endswith("before it: 1 new, 0 there already, 0 conflicts")
    assert "canary" not in line
    assert [row[1] for row in rows(tmp_path / "lyftr.db")] == ["a"]


def test_an_import_goes_on_past_what_breaks_a_rule_if_it_is_told_where_to_keep_it(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    too_long = '{"message_id":"' + "a" * 300_000 + '"}\n'
    (tmp_path / "x.jsonl").write_text(GOOD % "a" + BAD + too_long + GOOD % "b" + "{")
    done = lyftr("import", "--skip-invalid", "refused.jsonl", "x.jsonl")
    assert ok(done).endswith("2 new, 0 there already, 0 conflicts, 3 refused\n")
    said = done.stderr.decode().splitlines()
    assert [line.partition(": from")[0] for line in said[:1]] == ["refused: line 2"]
    assert said[1] == "refused: line 3: input: must have less than 262144 bytes"
    assert said[2].startswith("refused: line 5: ")
    refused = tmp_path / "refused.jsonl"
    assert refused.read_text().splitlines()[::2] == [BAD.strip(), "{"]
    assert refused.stat().st_mode & 0o777 == 0o600
    assert "exists" in refusal(lyftr("import", "--skip-invalid", "refused.jsonl", "x.jsonl"))


@pytest.mark.parametrize("skips", [False, True])
def test_a_record_that_the_database_does_not_take_is_named_and_keeps_no_other_out(
    tmp_path: Path, *, skips: bool
) -> None:
    variables = environment(DATABASE_URL=f"sqlite:///{tmp_path}/lyftr.db")
    names = "abcdefg"
    (tmp_path / "x.jsonl").write_text("".join(GOOD % name for name in names))
    migrate(tmp_path / "lyftr.db")
    with closing(sqlite3.connect(tmp_path / "lyftr.db")) as database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN new.message_id = 'e'"
            " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    skipping = ["--skip-invalid", str(tmp_path / "refused.jsonl")] if skips else []
    arguments = ["import", *skipping, str(tmp_path / "x.jsonl")]
    done = CliRunner().invoke(cli, arguments, env=variables)
    assert "line 5: cannot commit: not this one" in done.stderr
    assert done.exit_code == int(not skips)
    taken = names.replace("e", "") if skips else names[: names.index("e")]
    assert "".join(str(row[1]) for row in rows(tmp_path / "lyftr.db")) == taken
    assert f"{len(taken)} new, 0 there already, 0 conflicts" in done.output
    if skips:
        assert (tmp_path / "refused.jsonl").read_text() == GOOD % "e"


def test_refused_rows_of_csv_can_be_put_right_and_imported(lyftr: Lyftr, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        'to,from,ts,text,message_id\n+13,12,2026-01-15T12:00:00Z,"a\n\nb",m1\n'
        '+13,+12,2026-01-15T12:00:00Z,"a,""b""",m2'
    )
    done = lyftr("import", "--skip-invalid", "refused.csv", "x.csv")
    assert ok(done).endswith("1 new, 0 there already, 0 conflicts, 1 refused\n")
    refused = tmp_path / "refused.csv"
    refused.write_text(refused.read_text().replace("+13,12,", "+13,+12,"))
    assert ok(lyftr("import", "refused.csv")).endswith("1 new, 0 there already, 0 conflicts\n")
    assert [row[1:6:4] for row in rows(tmp_path / "lyftr.db")] == [
        ("m2", 'a,"b"'),
        ("m1", "a\n\nb"),
    ]


def test_a_file_of_csv_must_name_its_columns(lyftr: Lyftr, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("m1,+12,+13,2026-01-15T12:00:00Z\n")
    assert "line 1: input: the first line must name the columns" in refusal(
        lyftr("import", "x.csv")
    )
