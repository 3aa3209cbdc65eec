"""The options that say which messages."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from lyftr_cli.options import message_filter, parse_moment

NONE: dict[str, str | None] = dict.fromkeys(("from", "to", "since", "until"))


def test_without_options_all_messages_are_asked_for() -> None:
    query = message_filter(NONE)
    assert (query.sender, query.recipient, query.since, query.until, query.q) == (None,) * 5


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_a_time_may_be_given_as_how_long_ago(text: str, age: timedelta) -> None:
    before = datetime.now(UTC)
    moment = parse_moment(text, "--since")
    assert before <= moment + age <= datetime.now(UTC)


def test_a_time_may_be_a_timestamp() -> None:
    moment = parse_moment("2026-01-15T09:28:35Z", "--since")
    assert moment == datetime(2026, 1, 15, 9, 28, 35, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 h", "999999w", "2026-01-15", "٢h"])
def test_another_time_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="--until must be as in"):
        parse_moment(text, "--until")


def test_every_faulty_option_is_named() -> None:
    options = NONE | {"from": "12", "to": "+0"}
    with pytest.raises(click.UsageError, match=r"--from must be .*; --to must be .*; --q must"):
        message_filter(options, q="\0", q_name="--q")
