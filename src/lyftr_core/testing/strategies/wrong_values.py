"""What each rule on a field refuses. Each value breaks the one rule, and is chosen by hand.

Nothing here asks the code that is tested what it would say.
"""

from collections.abc import Mapping, Sequence

from lyftr_core.errors import FaultCode
from lyftr_core.message import MAX_MESSAGE_ID_LENGTH, MAX_TEXT_LENGTH

__all__ = ["ABSENT", "WRONG_VALUES"]

ABSENT = object()
"""Stands for no value at all."""

_OTHER_TYPES: tuple[object, ...] = (1, 0.5, True, [], {}, ["a"], 10**30)
_WIDE_CHARACTERS = ("a", "é", "😀")
_NO_NUMBERS = (
    *("", "1234", "+0123", "+1", "+1" + "0" * 15, "+12 34", "+12-34", " +1234", "++1234"),
    *("+1234\n", "+\u0661\u0662\u0663", "+\uff11\uff12", "\uff0b1234", "+1\ud800"),
)
_NO_TIMES = (
    *("", "2026-01-15", "2026-01-15t09:28:35Z", "2026-01-15T09:28:35z", "2026-01-15 09:28:35Z"),
    *("2026-01-15T09:28:35", "2026-01-15T09:28:35+00:00", "2026-01-15T09:28:35,5Z"),
    *("2026-01-15T09:28:35.Z", "2026-01-15T09:28Z", "20260115T092835Z", "1768469315"),
    *("2026-01-15T09:28:3\uff15Z", "2026-01-15T09:28:35Z\n", "02026-01-15T09:28:35Z"),
)
_TIMES_THAT_ARE_NONE = (
    *("2026-01-15T09:28:60Z", "2016-12-31T23:59:60Z", "2026-01-15T24:00:00Z"),
    *("2026-01-15T09:60:00Z", "2026-02-30T09:28:35Z", "2100-02-29T09:28:35Z"),
    *("2026-00-15T09:28:35Z", "2026-13-15T09:28:35Z", "2026-01-00T09:28:35Z"),
    "0000-01-15T09:28:35Z",
)

WRONG_VALUES: Mapping[tuple[str, FaultCode], Sequence[object]] = {
    ("message_id", FaultCode.MISSING): [ABSENT],
    ("message_id", FaultCode.WRONG_TYPE): [None, *_OTHER_TYPES],
    ("message_id", FaultCode.TOO_SHORT): [""],
    ("message_id", FaultCode.TOO_LONG): [
        char * (MAX_MESSAGE_ID_LENGTH + 1) for char in _WIDE_CHARACTERS
    ],
    ("message_id", FaultCode.CONTROL_CHARACTER): ["\0", "a\n", "\x1fa", "\x7f", "\x85", "é\x9f"],
    ("message_id", FaultCode.LONE_SURROGATE): ["\ud800", "a\udfff", "\udc00\ud800"],
    ("from", FaultCode.NOT_E164): _NO_NUMBERS,
    ("from", FaultCode.MISSING): [ABSENT],
    ("from", FaultCode.WRONG_TYPE): [None, *_OTHER_TYPES],
    ("to", FaultCode.NOT_E164): _NO_NUMBERS,
    ("to", FaultCode.MISSING): [ABSENT],
    ("to", FaultCode.WRONG_TYPE): [None, *_OTHER_TYPES],
    ("ts", FaultCode.NOT_RFC3339): _NO_TIMES,
    ("ts", FaultCode.NO_SUCH_TIME): _TIMES_THAT_ARE_NONE,
    ("ts", FaultCode.MISSING): [ABSENT],
    ("ts", FaultCode.WRONG_TYPE): [None, *_OTHER_TYPES],
    ("text", FaultCode.WRONG_TYPE): _OTHER_TYPES,
    ("text", FaultCode.TOO_LONG): [char * (MAX_TEXT_LENGTH + 1) for char in _WIDE_CHARACTERS],
    ("text", FaultCode.NUL_CHARACTER): ["\0", "a\0"],
    ("text", FaultCode.LONE_SURROGATE): ["\ud800", "a\udfff", "\udc00\ud800"],
}
"""By the field, as its sender names it, and the code of the rule."""
