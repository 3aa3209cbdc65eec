"""Tables on terminals of few columns: what matters most is kept, and is readable."""

import os
import pty
import re
import select
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from lyftr_cli.commands.conflicts import COLUMNS
from lyftr_cli.output.columns import Column
from lyftr_cli.output.message_table import MessageTable
from lyftr_cli.output.stats_charts import print_stats
from lyftr_cli.output.tables import print_table
from lyftr_core import Message, StoredMessage
from lyftr_core.selection import HourCount, SenderCount, Stats
from lyftr_core.testing.strategies.samples import NOON

TEXT = "all of this text must be readable, whatever the width of the terminal"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_END = "\x04"
Terminal = Callable[[int], None]
Printed = Callable[[], list[str]]


@pytest.fixture
def descriptors() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)


@pytest.fixture
def terminal(descriptors: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    _master, slave = descriptors
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    # No carriage return at the end of a line.
    modes = termios.tcgetattr(slave)
    modes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    with closing(os.fdopen(slave, "w", encoding="utf-8")) as stream:

        def resize(width: int) -> None:
            monkeypatch.setattr(sys, "stdout", stream)
            # Rich asks the standard streams of the process, which are not this terminal.
            monkeypatch.setenv("COLUMNS", str(width))

        yield resize


@pytest.fixture
def printed(descriptors: tuple[int, int]) -> Printed:
    def read() -> list[str]:
        sys.stdout.write(_END)
        sys.stdout.flush()
        text = ""
        while not text.endswith(_END):
            assert select.select([descriptors[0]], [], [], 5)[0]
            text += os.read(descriptors[0], 65_536).decode()
        return _CONTROL.sub("", text.removesuffix(_END)).splitlines()

    return read


def stored(seq: int, sender: str = "+919876543210", text: str = TEXT) -> StoredMessage:
    message = Message(
        message_id=f"an-identifier-of-{seq}",
        sender=sender,
        recipient="+14155550100",
        ts=NOON,
        text=text,
    )
    return StoredMessage(message=message, received_at=NOON, seq=seq)


def column(lines: Sequence[str], title: str) -> str:
    """Return what stands in the last column, in one piece."""
    place = lines[0].index(title)
    return "".join(line[place:].replace(" ", "") for line in lines[1:])


@pytest.mark.parametrize("width", [*range(20, 111), 200])
def test_the_text_of_a_message_is_shown_at_every_width(
    terminal: Terminal, printed: Printed, width: int
) -> None:
    terminal(width)
    MessageTable().add([stored(12_345)])
    lines = printed()
    assert max(map(len, lines)) <= width
    assert column(lines, "TEXT") == TEXT.replace(" ", "")
    # Words stay whole.
    assert [w for line in lines[1:] for w in line.split() if w in TEXT.split()] == TEXT.split()


def test_columns_leave_one_after_the_other(terminal: Terminal, printed: Printed) -> None:
    titles = []
    for width in (110, 80, 60, 40, 24, 20):
        terminal(width)
        MessageTable().add([stored(1)])
        titles.append(printed()[0].split())
    assert titles == [
        ["SEQ", "TS", "FROM", "TO", "MESSAGE", "ID", "TEXT"],
        ["SEQ", "TS", "FROM", "TO", "TEXT"],
        ["SEQ", "TS", "FROM", "TEXT"],
        ["SEQ", "FROM", "TEXT"],
        ["SEQ", "TEXT"],
        ["TEXT"],
    ]


def test_a_table_that_grows_keeps_room_for_the_text(terminal: Terminal, printed: Printed) -> None:
    terminal(40)
    table = MessageTable()
    table.add([stored(1, sender="+12")])
    assert printed()[0].split() == ["SEQ", "FROM", "TEXT"]
    table.add([stored(2**52, sender="+123456789012345")])
    lines = printed()
    assert lines[0].split() == ["SEQ", "TEXT"]
    assert column(lines, "TEXT") == TEXT.replace(" ", "")
    table.add([stored(3)])
    assert "TEXT" not in "".join(printed())  # the columns are the same


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_the_identifier_of_a_conflict_is_shown(
    terminal: Terminal, printed: Printed, width: int
) -> None:
    terminal(width)
    moment = "2026-11-30T15:58:08.014206Z"
    print_table(COLUMNS, [["1", moment, moment, "text,to", '"an-identifier-of-some-length"']])
    lines = printed()
    assert max(map(len, lines)) <= width
    assert column(lines, "MESSAGE ID") == '"an-identifier-of-some-length"'


def test_numbers_are_never_cut(terminal: Terminal, printed: Printed) -> None:
    terminal(20)
    titles = ("TAKEN", "RETRIES", "REFUSED")
    print_table([Column(title, is_number=True) for title in titles], [["1234567"] * 3])
    text = "".join(printed())
    assert [text.count(digit) for digit in "1234567"] == [3] * 7
    assert "…" not in text


def test_statistics_show_every_figure(terminal: Terminal, printed: Printed) -> None:
    terminal(20)
    hour = datetime(2026, 1, 15, 9, tzinfo=UTC)
    print_stats(
        Stats(
            total_messages=1_234_567,
            senders_count=2,
            first_message_ts=hour,
            last_message_ts=hour + timedelta(microseconds=1),
            messages_per_sender=(SenderCount("+919876543210", 1_234_567),),
            messages_per_hour=(HourCount(hour, 1_234_567),),
        )
    )
    text = "".join(printed())
    assert "…" not in text
    assert text.count("1,234,567") == 3
