"""Whatever an option is given: an exit status that is documented, one line, and no traceback."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lyftr_cli.main import cli
from tests.commands.conftest import refused
from tests.support.results import told
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")

BASE = {
    "send": ["--from", "+12", "--to", "+13", "--url", "http://a..b/"],
    "conformance": ["--url", "http://a..b/"],
    "verify": ["in.jsonl", "-H", "X-Signature: aa"],
    "sign": ["in.jsonl", "--curl"],
    "copy": ["--to", "sqlite:///copy.db"],
    "purge": ["--older-than", "1d", "--dry-run"],
    "erase": ["--number", "+12", "--dry-run"],
    "import": ["in.jsonl"],
    "backup": ["copy.db", "--force"],
    "restore": ["in.jsonl"],
    "completion": ["bash"],
}
"""What each command needs beside the option that is tried; no network is reached."""
NUMBERS = [
    *("", "-1", "0", "9" * 19, "9223372036854775807", "9223372036854775808", "9" * 5000),
    *("nan", "NaN", "-nan", "inf", "-inf", "infinity", "1e400", "-1e400", "1e-400", "1e3", "1.5"),
    *("0x10", "\u00b2", "\u0663", "+", "-", "--", " 1", "1 ", "1\n", "--help", "--json"),
]
TEXTS = [
    *("\udcff", "a\nb", "\r", "\x1b[31m", "\u202e", "x" * 5000, "/", "..", "missing/x", "%s{}'"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "99999d", "999999w", "whsec_===="),
    *("http://a..b/", f"http://{'a' * 64}/", "http://[", "http://h:99999/", "X-Signature: \udcff"),
    *("postgresql://u@a..b/d", f"postgresql://u@{'a' * 64}/d", "postgresql://u@%00", "sqlite:///."),
]
STATUSES = {0, 1, 2}
Place = tuple[str, str | None]


def places() -> Iterator[Place]:
    """Yield each option of each command that takes a value, by its longest name, and arguments."""
    for name, command in sorted(cli.commands.items()):
        for parameter in command.params:
            if isinstance(parameter, click.Argument):
                yield name, None
            elif isinstance(parameter, click.Option) and not parameter.is_flag:
                yield name, max(parameter.opts, key=len)


PLACES = list(places())


def command_line(place: Place, value: str) -> list[str]:
    command, option = place
    base = BASE.get(command, [])
    if option is None:
        return [command, *(word for word in base[1:]), "--", value]
    if option in base:
        at = base.index(option)
        base = base[:at] + base[at + 2 :]
    return [command, *base, option, value]


def try_one(lyftr: Lyftr, place: Place, value: str) -> tuple[int, str]:
    # A server would start with some values, so it has no database.
    database = "sqlite:///missing/x.db" if place[0] == "serve" else "sqlite:///lyftr.db"
    status, out, err = told(lyftr(*command_line(place, value), DATABASE_URL=database))
    assert status in STATUSES
    assert "Traceback" not in err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", err)
    if status and not out:
        assert len(err.splitlines()) == 1
        assert err.startswith("lyftr: ")
    return status, err


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place[0]} {place[1] or 'argument'}")
def test_every_option_takes_or_refuses_a_hostile_value(lyftr: Lyftr, place: Place) -> None:
    for value in NUMBERS if _is_number(place) else TEXTS:
        status, err = try_one(lyftr, place, value)
        if status == 2 and value not in {"--help", "--json"} and place[1]:
            assert place[1] in err or "--url" in err, (value, err)


def _is_number(place: Place) -> bool:
    command = cli.commands[place[0]]
    return any(
        place[1] in parameter.opts
        and isinstance(parameter.type, (click.types.IntParamType, click.types.FloatParamType))
        for parameter in command.params
    )


@given(
    place=st.sampled_from(PLACES),
    value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(("tail", "-n"), "9223372036854775808")
@example(("send", "--timeout"), "nan")
@example(("send", "--rate"), "nan")
@example(("conformance", "--timeout"), "nan")
@example(("migrate", None), "x")
def test_any_text_is_taken_or_refused(lyftr: Lyftr, place: Place, value: str) -> None:
    try_one(lyftr, place, value)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["send", "--timeout", "nan"], "--timeout"),
        (["send", "--timeout", "inf"], "--timeout"),
        (["send", "--timeout", "1e400"], "--timeout"),
        (["send", "--timeout", "-1"], "--timeout"),
        (["send", "--rate", "nan"], "--rate"),
        (["conformance", "--timeout", "NaN"], "--timeout"),
        (["send", "--from", "+12", "--to", "+13", "--url", ""], "--url"),
        (["conformance", "--url", "http://a..b/"], "--url"),
        (["sign", "in.jsonl", "--curl", "--url", "http://a..b/"], "--url"),
        (["erase", "--number", "123"], "--number:"),
        (["erase", "--number", "", "--dry-run"], "--number:"),
        (["purge", "--older-than", "1y"], "--older-than"),
        (["conflicts", "--limit", "0"], "--limit"),
        (["conflicts", "--limit", "9223372036854775808"], "--limit"),
        (["tail", "--after", "9223372036854775808"], "--after"),
        (["tail", "--q", ""], "--q"),
        (["export", "--q", "x" * 257], "--q"),
        (["search", ""], "TEXT"),
        (["copy", "--to", "x"], "--to"),
        (["copy", "--from", "", "--to", "sqlite:///x.db"], "--from"),
        (["serve", "--port", "x"], "--port"),
        (["serve", "--port", ""], "--port"),
        (["serve", "--host", ""], "--host"),
        (["serve", "--request-timeout", "nan"], "--request-timeout"),
        (
            ["serve", "--shutdown-timeout", "1e400", "--port", "70000"],
            "--shutdown-timeout .*; --port",
        ),
        (["send", "--secret", "x", "--scheme", "standard"], "--secret .*--scheme"),
        (["verify", "in.jsonl", "-H", "x"], "-H"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_usage_error_names_the_option_and_exits_2(
    lyftr: Lyftr, arguments: list[str], named: str
) -> None:
    before = sorted(Path().iterdir())
    status, out, err = told(lyftr(*arguments))
    (line,) = err.splitlines()
    assert (status, out) == (2, "")
    assert re.match(rf"lyftr: .*{named}", line), line
    assert not re.search(r"\b(PORT|WEBHOOK_SECRET|REQUEST_TIMEOUT) must", line)
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize("count", [2**63 - 1, 2**63, 10**30])
def test_as_many_messages_as_anyone_asks_for_are_all_there_are(lyftr: Lyftr, count: int) -> None:
    for command in (["tail", "-n"], ["search", "--limit"]):
        status, out, err = told(lyftr(*command, str(count), "--json"))
        assert (status, out.count("\n"), err) == (0, 1, "")


def test_an_address_that_others_reach_is_called_by_its_option(lyftr: Lyftr) -> None:
    assert "--host" in refused(lyftr, "serve", "--host", "0.0.0.0")  # noqa: S104 - refused


def test_a_name_that_is_no_text_is_printed(lyftr: Lyftr) -> None:
    for command in (
        ["migrate"],
        ["rebuild"],
        ["check"],
        ["backup", "\udcfe.db"],
        ["restore", "\udcfe.db"],
    ):
        status, out, err = told(lyftr(*command, DATABASE_URL="sqlite:///\udcff.db"))
        assert (status, err) == (0, ""), command
        assert "\\udcff.db" in out or command[0] in {"check", "backup"}


def test_text_of_another_locale_stays_as_it_was_read(lyftr: Lyftr) -> None:
    assert "--q must not hold lone surrogates" in refused(lyftr, "export", "--q", "h\udce9")


@pytest.mark.parametrize("host", ["a..b", "a" * 64, ".", "a..b,127.0.0.1"])
@pytest.mark.parametrize("command", ["serve", "migrate", "check", "stats", "tail", "export"])
def test_a_host_of_postgresql_that_no_host_can_have_is_told(
    lyftr: Lyftr, command: str, host: str
) -> None:
    line = refused(lyftr, command, DATABASE_URL=f"postgresql://u@{host}/d")
    assert f"d at {host}: the host name is invalid" in line
