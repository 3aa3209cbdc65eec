"""The command line: what it prints, and how it ends."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lyftr_cli.main import SECTIONS
from lyftr_core import __version__
from lyftr_runtime.settings import VARIABLES
from tests.support.results import checked
from tests.support.server import STANDARD, Lyftr, refusal
from tests.support.stores import Inbox
from tests.support.terminal import plain

COMMANDS = [str(command.name) for commands in SECTIONS.values() for command in commands]
READING = ["tail", "search", "stats", "conflicts"]
SCHEMA = "v1"


def test_version_is_that_of_the_package(lyftr: Lyftr) -> None:
    assert lyftr("--version").stdout.decode() == f"lyftr {__version__}\n"


def test_help_names_every_command_and_variable(lyftr: Lyftr) -> None:
    text = lyftr("--help").stdout.decode()
    for word in (*COMMANDS, *VARIABLES):
        assert word in text
    headings = [text.index(f"\n{heading}:\n") for heading in SECTIONS]
    assert headings == sorted(headings)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_laid_out_as_it_was_written(lyftr: Lyftr, command: str) -> None:
    text = lyftr(command, "--help").stdout.decode()
    assert "\\b" not in text
    assert "\b" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_every_wrong_variable_is_named_at_once(lyftr: Lyftr) -> None:
    line = refusal(lyftr("serve", PORT="x", LOG_LEVEL="loud", LOG_FORMAT="xml"))
    assert all(name in line for name in ("PORT", "LOG_LEVEL", "LOG_FORMAT"))


def test_without_a_command_it_shows_the_help_and_fails(lyftr: Lyftr) -> None:
    done = lyftr()
    assert done.returncode == 2
    assert "Server:\n" in done.stderr.decode()


def test_migrate_makes_the_database_and_then_has_nothing_to_do(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    file = tmp_path / "lyftr.db"
    assert lyftr("migrate").stdout.decode() == f"{file}: schema none -> {SCHEMA}\n"
    assert lyftr("migrate").stdout.decode() == f"{file}: schema {SCHEMA}, nothing to do\n"
    assert file.is_file()


@pytest.mark.parametrize("command", ["serve", "migrate", "rebuild"])
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PORT": "70000"}, ["PORT", "0 to 65535"]),
        ({"PORT": "8e1"}, ["PORT", "0 to 65535"]),
        ({"LOG_LEVEL": "LOUD"}, ["LOG_LEVEL", "DEBUG"]),
        ({"WEBHOOK_SCHEME": "none"}, ["WEBHOOK_SCHEME", "lyftr, standard"]),
        ({"WEBHOOK_SECRET_PREVIOUS": "s"}, ["WEBHOOK_SECRET_PREVIOUS", "WEBHOOK_SECRET"]),
        (STANDARD | {"WEBHOOK_SECRET": "whsec_canary"}, ["WEBHOOK_SECRET", "whsec_ and then"]),
        (STANDARD | {"WEBHOOK_SECRET_PREVIOUS": "canary"}, ["WEBHOOK_SECRET_PREVIOUS", "whsec_"]),
        ({"DATABASE_URL": "mysql://localhost/x"}, ["DATABASE_URL", "sqlite:///FILE", "postgresql"]),
        ({"DATABASE_URL": "postgresql://localhost:canary/x"}, ["DATABASE_URL", "postgresql://"]),
        ({"DATABASE_POOL_SIZE": "0"}, ["DATABASE_POOL_SIZE", "1 to 1000"]),
        ({"DATABASE_URL": "sqlite://"}, ["DATABASE_URL", "sqlite:///FILE"]),
        ({"DATABASE_URL": "sqlite:///missing/x.db"}, ["missing", "does not exist"]),
        ({"DATABASE_URL": "sqlite:///."}, ["cannot open", "not a regular file"]),
    ],
)
def test_a_wrong_value_stops_the_start_in_one_line(
    lyftr: Lyftr, command: str, variables: dict[str, str], words: list[str]
) -> None:
    line = refusal(lyftr(command, **variables))
    assert all(word in line for word in words), line
    assert "canary" not in line


def test_a_wrong_option_stops_the_start_in_one_line(lyftr: Lyftr) -> None:
    assert "--workers" in refusal(lyftr("serve", "--workers", "0"))
    assert "--nonsense" in refusal(lyftr("serve", "--nonsense"))
    assert "--port must be" in refusal(lyftr("serve", "--port", "x"))


@pytest.mark.parametrize("command", ["serve", "migrate", "check", "rebuild", *READING])
def test_a_file_that_is_no_database_stops_the_start(
    lyftr: Lyftr, tmp_path: Path, command: str
) -> None:
    (tmp_path / "lyftr.db").write_bytes(b"not a database " * 100)
    assert "file is not a database" in refusal(lyftr(command))


@pytest.mark.parametrize("command", ["serve", "migrate", "check", "rebuild", *READING])
def test_a_newer_database_stops_the_start(lyftr: Lyftr, tmp_path: Path, command: str) -> None:
    lyftr("migrate")
    with closing(sqlite3.connect(tmp_path / "lyftr.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    line = refusal(lyftr(command))
    assert "9999" in line
    assert "newer" in line


@pytest.fixture
def stored(inbox: Inbox, tmp_path: Path) -> Path:
    """A database with some messages."""
    inbox.fill(5)
    return tmp_path / "lyftr.db"


def tamper(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        for statement in statements:
            database.execute(statement)


def test_check_says_of_each_subject_that_it_is_ok(lyftr: Lyftr, stored: Path) -> None:
    done = lyftr("check")
    said = checked(done)
    assert done.returncode == 0
    assert set(said.values()) == {"ok"}
    assert {"file", "messages", "totals", "search"} <= set(said)


def test_check_says_what_is_wrong_and_fails_and_rebuild_repairs_it(
    lyftr: Lyftr, stored: Path
) -> None:
    tamper(stored, "UPDATE totals SET value = 7", "DELETE FROM messages_by_ts WHERE seq = 2")
    done = lyftr("check")
    wrong = {subject: fault for subject, fault in checked(done).items() if fault != "ok"}
    assert done.returncode == 1
    assert set(wrong) == {"totals", "messages_by_ts"}
    assert wrong["messages_by_ts"] == "1 entries are missing"
    rebuilt = lyftr("rebuild")
    assert (rebuilt.returncode, rebuilt.stdout.decode()) == (0, f"{stored}: rebuilt up to seq 5\n")
    assert set(checked(lyftr("check")).values()) == {"ok"}


def test_check_shows_few_of_many_faults_and_how_many_more(lyftr: Lyftr, stored: Path) -> None:
    tamper(stored, "UPDATE messages SET folded = 'x'", _TWENTY_MORE)
    done = lyftr("check")
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith("messages: ")]
    assert done.returncode == 1
    assert lines[0].count("has a wrong folded text") == 5
    assert lines[1] == "messages: and 20 more"


_TWENTY_MORE = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
    INSERT INTO messages (message_id, sender, recipient, ts, received_at, folded)
    SELECT 'by hand ' || i, '+12', '+13', 0, 0, 'x' FROM n
"""


def test_check_prints_no_text_and_no_number_of_a_message(lyftr: Lyftr, stored: Path) -> None:
    tamper(stored, "UPDATE messages SET sender = 'no phone number', text = 'a secret'")
    said = lyftr("check").stdout.decode()
    assert "is no valid message" in said
    assert not any(word in said for word in ("a secret", "no phone number", "+14155550100"))


@pytest.mark.parametrize("command", ["check", *READING])
def test_reading_refuses_a_missing_database_and_makes_none(
    lyftr: Lyftr, tmp_path: Path, command: str
) -> None:
    assert "there is no such file" in refusal(lyftr(command))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["check", *READING])
def test_reading_refuses_a_database_that_is_not_migrated(
    lyftr: Lyftr, tmp_path: Path, command: str
) -> None:
    (tmp_path / "lyftr.db").touch()
    assert "first run lyftr migrate" in refusal(lyftr(command))


@pytest.mark.parametrize(
    ("url", "words"),
    [("sqlite://", "sqlite:///FILE"), ("mysql://localhost/x", "sqlite:///FILE")],
)
def test_check_refuses_another_kind_of_url(lyftr: Lyftr, url: str, words: str) -> None:
    assert words in refusal(lyftr("check", DATABASE_URL=url))


def test_a_taken_port_stops_the_start(lyftr: Lyftr) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refusal(lyftr("serve", "--port", str(taken.getsockname()[1])))
    assert "cannot listen on 127.0.0.1" in line


def test_an_address_of_another_machine_stops_the_start(lyftr: Lyftr) -> None:
    done = lyftr("serve", "--host", "192.0.2.1", "--port", "0", API_TOKENS="a")
    assert "cannot listen on 192.0.2.1:0" in refusal(done)


def test_a_bar_moves_on_a_terminal_alone(lyftr: Lyftr, stored: Path) -> None:
    done = lyftr("rebuild")
    assert (done.returncode, done.stderr) == (0, b"")
    done = lyftr("rebuild", columns=80)
    text = plain(done.stdout)
    assert done.returncode == 0
    assert "\u2501" in text
    assert text.endswith(f"{stored}: rebuilt up to seq 5\n")
    assert b"\x1b[?25h" in done.stdout  # the cursor is there again
