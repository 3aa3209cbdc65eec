"""What the machine sends: few values, so that messages meet; and what is wrong with wrong ones."""

import json
from collections.abc import Mapping
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = [
    "IDS",
    "bad_bodies",
    "bad_queries",
    "filters",
    "messages",
    "query_string",
    "some_message",
]

_NUMBER = "must be an E.164 phone number: + and 2 to 15 digits, the first not 0"
_TIME = "must be an RFC 3339 time in UTC, as in 2026-01-15T09:28:35Z"
_NO_TIME = "must be a date and a time of day that exist"
_NUL = "must not hold the NUL character"

IDS = st.sampled_from(["a", "b", "B", "a/b", "..", "%2F", "é", "\uffff", "😀", "' OR 1=1 --"])
NUMBERS = st.sampled_from(["+12", "+13", "+919876543210"])
TIMES = st.sampled_from(
    [
        *("2026-01-15T09:28:35Z", "2026-01-15T09:28:35.0Z", "2026-01-15T09:28:35.25Z"),
        *("2026-01-15T09:28:35.2500009Z", "2026-01-15T10:00:00Z", "2026-01-14T10:59:59.999999Z"),
        *("2026-01-14T10:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"),
    ]
)
_TEXTS = st.sampled_from(
    [None, "", "Hello", "hello É", "Straße", "STRASSE", "100%", "a_b", "İ", "\\'\"", "😀" * 4096]
)
_SEARCHES = st.sampled_from(
    ["e", "é", "ss", "ß", "%", "_", "HELLO", "hello", "i\u0307", "\\", "'\"", "😀", "zzz", "a_"]
)
Filters = Mapping[str, str]
Faults = list[dict[str, object]]

messages: SearchStrategy[dict[str, str | None]] = st.fixed_dictionaries(
    {
        "message_id": IDS | st.integers(0, 40).map("m{}".format),
        "from": NUMBERS | st.integers(10, 30).map("+{}".format),
        "to": NUMBERS,
        "ts": TIMES,
    },
    optional={"text": _TEXTS, "unknown": st.none() | st.just("ignored")},
)
_RESTRICTIONS = {"from": NUMBERS, "to": NUMBERS, "since": TIMES, "until": TIMES, "q": _SEARCHES}
# Several at once seldom leave much.
filters: SearchStrategy[Filters] = st.one_of(
    st.just({}),
    *(st.fixed_dictionaries({name: values}) for name, values in _RESTRICTIONS.items()),
    st.fixed_dictionaries({}, optional=_RESTRICTIONS),
)

_WRONG_FIELDS: Mapping[str, list[tuple[object, str, str]]] = {
    "message_id": [
        ("", "too_short", "must not be empty"),
        ("a" * 256, "too_long", "must have at most 255 characters"),
        ("a\u0085", "control_character", "must not hold control characters"),
    ],
    "from": [("+0", "not_e164", _NUMBER), (None, "wrong_type", "must be a string")],
    "to": [("12", "not_e164", _NUMBER), (["+12"], "wrong_type", "must be a string")],
    "ts": [("now", "not_rfc3339", _TIME), ("2026-02-30T00:00:00Z", "no_such_time", _NO_TIME)],
    "text": [(1, "wrong_type", "must be a string or null"), ("\0", "nul_character", _NUL)],
}
_WRONG_PARAMETERS: Mapping[str, list[tuple[str, str, str]]] = {
    "from": [("%2B0", "not_e164", _NUMBER)],
    "to": [("x", "not_e164", _NUMBER)],
    "since": [("2026-01-15", "not_rfc3339", _TIME)],
    "until": [("2026-01-15T24:00:00Z", "no_such_time", _NO_TIME)],
    "q": [("%00", "nul_character", _NUL), ("%FF", "invalid_utf8", "must be valid UTF-8")],
    "order": [("up", "not_a_choice", "must be asc or desc")],
    "limit": [
        ("0", "out_of_range", "must be from 1 to 100"),
        ("1e1", "not_an_integer", "must be a whole number in ASCII digits"),
    ],
    "offset": [("9" * 30, "out_of_range", "must be from 0 to 9223372036854775807")],
    "cursor": [("x", "invalid_cursor", "must be a next_cursor that this service gave")],
    "total": [("1", "not_a_choice", "must be true or false")],
}


@st.composite
def bad_bodies(draw: st.DrawFn) -> tuple[bytes, Faults]:
    """Generate bodies that break rules, with the faults that must be named."""
    if draw(st.booleans()):
        return draw(st.sampled_from(_NO_MESSAGES))
    fields: dict[str, object] = dict(draw(messages))
    faults: Faults = []
    chosen = draw(st.sets(st.sampled_from(list(_WRONG_FIELDS)), min_size=1))
    for name in (name for name in _WRONG_FIELDS if name in chosen):
        value, code, msg = draw(st.sampled_from(_WRONG_FIELDS[name]))
        fields[name] = value
        faults.append(_fault(["body", name], msg, code))
    return json.dumps(fields).encode(), faults


@st.composite
def bad_queries(draw: st.DrawFn) -> tuple[str, Faults]:
    """Generate queries that break rules, with the faults that must be named."""
    chosen = draw(st.sets(st.sampled_from(list(_WRONG_PARAMETERS)), min_size=1))
    if {"cursor", "offset"} <= chosen:
        chosen.remove("offset")  # which exclude each other: another fault, and another rule's
    if len(chosen) > 1:
        chosen.discard("cursor")  # is read only where all else is right
    names = [name for name in _WRONG_PARAMETERS if name in chosen]
    wrong = [(name, *draw(st.sampled_from(_WRONG_PARAMETERS[name]))) for name in names]
    query = "&".join(f"{name}={value}" for name, value, _, _ in draw(st.permutations(wrong)))
    return query, [_fault(["query", name], msg, code) for name, _, code, msg in wrong]


def some_message(number: int) -> dict[str, str | None]:
    """Return a message with an identifier of its own, and much that it shares with others."""
    return {
        "message_id": f"n{number}",
        "from": f"+{10 + number % 13}",
        "to": ["+12", "+13"][number % 2],
        "ts": f"2026-01-15T{number % 24:02}:{number % 3:02}:00.{number % 5}Z",
        "text": [None, "hello", "Straße", f"{number}%"][number % 4],
    }


def query_string(parameters: Mapping[str, object]) -> str:
    """Return a query string, everything in it percent-encoded that may be."""
    return "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parameters.items())


def _fault(loc: list[str], msg: str, code: str) -> dict[str, object]:
    return {"loc": loc, "msg": msg, "type": code}


_NO_MESSAGES: list[tuple[bytes, Faults]] = [
    (b"", [_fault(["body"], "must be one valid JSON document", "invalid_json")]),
    (b"[]", [_fault(["body"], "must be a JSON object", "not_an_object")]),
    (b'{"a":"\xff"}', [_fault(["body"], "must be valid UTF-8", "invalid_utf8")]),
    (b"[" * 101, [_fault(["body"], "must nest at most 100 levels deep", "too_deep")]),
    (
        b'{"text":null}',
        [
            _fault(["body", name], "is required", "missing")
            for name in ("message_id", "from", "to", "ts")
        ],
    ),
]
