"""Time enough for answers where their time limit is not the point."""

import pytest

from lyftr_sqlite import SqliteMessageReader

__all__ = ["answers_have_time"]

_PATIENCE = 120.0


@pytest.fixture(autouse=True)
def answers_have_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have readers wait longer than the default, unless a test gives a limit of its own.

    The threads of readers have a lower priority than the rest. Where every core is busy, an
    answer may take longer than the default limit, and says nothing of the code.
    """
    defaults = SqliteMessageReader.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "patience", _PATIENCE)
