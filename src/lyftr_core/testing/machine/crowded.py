"""Strategies of few values, so that messages meet each other and the filters meet messages."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lyftr_core.removal import Removal
from lyftr_core.selection import MessageFilter, Position
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.messages import message_filters, messages, selections
from lyftr_core.testing.strategies.samples import NOON

__all__ = [
    "CHANGES",
    "FILTERS",
    "IDS",
    "MESSAGES",
    "RECEIPTS",
    "REMOVALS",
    "SELECTIONS",
]

_NUMBERS = st.sampled_from(["+10", "+100", "+101", "+2000000"])
_TIMES = st.sampled_from(
    [
        *(NOON + timedelta(milliseconds=500 * count) for count in (0, 1, -1, 2, -2)),
        NOON + timedelta(microseconds=1),
        *(NOON + timedelta(hours=hours) for hours in (1, -1, 23, 24, -24)),
        *(EARLIEST, LATEST),
    ]
)
_TEXTS = st.sampled_from(
    [None, "a", "", "A", "É", "straße", "STRASSE", "İ", "i\u0307", "100%", "a_b", "'\\", "😀 a a"]
)
_SEARCHES = st.sampled_from(
    ["a", "A", "é", "s", "ss", "ß", "ASS", "i", "İ", "%", "_", "\\", "'", "😀", "a a", "zzz"]
)
_RESTRICTIONS: dict[str, SearchStrategy[Any]] = {
    "sender": _NUMBERS,
    "recipient": _NUMBERS,
    "since": _TIMES,
    "until": _TIMES,
    "q": _SEARCHES,
}

IDS = st.sampled_from(["a", "Z", "é", "aa", "a/", "\uffff", "\U00010000", "b", "c", "d"])
"""Identifiers of messages."""
RECEIPTS = st.sampled_from([NOON + timedelta(seconds=count) for count in range(4)])
"""When a message was received."""
REMOVALS = st.builds(Removal, number=_NUMBERS) | st.builds(Removal, received_before=RECEIPTS)
"""Which messages to remove."""
MESSAGES = messages(message_id=IDS, sender=_NUMBERS, recipient=_NUMBERS, ts=_TIMES, text=_TEXTS)
CHANGES = st.fixed_dictionaries(
    {}, optional={"sender": _NUMBERS, "recipient": _NUMBERS, "ts": _TIMES, "text": _TEXTS}
)
"""Fields to change in a message; some have another value then."""
# One restriction or none more often than several at once, which seldom leave a message.
FILTERS = st.one_of(
    st.just(MessageFilter()),
    *(
        st.fixed_dictionaries({name: values}).map(lambda fields: MessageFilter(**fields))
        for name, values in _RESTRICTIONS.items()
    ),
    message_filters(**_RESTRICTIONS),
)
SELECTIONS = selections(
    filters=FILTERS,
    after=st.builds(Position, _TIMES, IDS),
)
