"""The rules of docs/validation.md, read a second time: plainly, slowly, and not from our code.

What the fuzzed code accepts or refuses must be what these functions accept or refuse. Nothing
here is imported from `lyftr_core` but names: the codes of the faults.
"""

import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from lyftr_core import FaultCode

__all__ = ["Faults", "message_of", "moment_of"]

Faults = list[tuple[str | None, FaultCode]]

_DIGITS = frozenset("0123456789")
_FORM = "0000-00-00T00:00:00"


def message_of(body: bytes) -> Mapping[str, object] | Faults:
    """Return the fields of the message in a body, or every fault of the body."""
    if _depth_of(body) > 100:
        return [(None, FaultCode.TOO_DEEP)]
    try:
        document = json.loads(body.decode(), parse_int=lambda _: 0, parse_constant=_no_json)
    except UnicodeDecodeError:
        return [(None, FaultCode.INVALID_UTF8)]
    except ValueError:
        return [(None, FaultCode.INVALID_JSON)]
    if not isinstance(document, dict):
        return [(None, FaultCode.NOT_AN_OBJECT)]
    return _fields_of(document)


def moment_of(value: str) -> datetime | FaultCode:
    """Return the moment that a timestamp names, or what is wrong with it."""
    whole, dot, fraction = value[:-1].partition(".")
    zeros = "".join("0" if char in _DIGITS else char for char in whole)
    if value[-1:] != "Z" or zeros != _FORM or bool(dot) != bool(fraction):
        return FaultCode.NOT_RFC3339
    if not _DIGITS.issuperset(fraction):
        return FaultCode.NOT_RFC3339
    parts = whole.replace("T", "-").replace(":", "-").split("-")
    year, month, day, hour, minute, second = map(int, parts)
    microsecond = int(fraction[:6].ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    except ValueError:
        return FaultCode.NO_SUCH_TIME


def _fields_of(document: dict[str, object]) -> Mapping[str, object] | Faults:
    codes = {
        "message_id": _identifier_fault,
        "from": _number_fault,
        "to": _number_fault,
        "ts": _timestamp_fault,
    }
    faults: Faults = []
    for name, fault_of in codes.items():
        value = document.get(name)
        if name not in document:
            faults.append((name, FaultCode.MISSING))
        elif not isinstance(value, str):
            faults.append((name, FaultCode.WRONG_TYPE))
        elif code := fault_of(value):
            faults.append((name, code))
    if code := _text_fault(document.get("text")):
        faults.append(("text", code))
    if faults:
        return faults
    return {name: document.get(name) for name in (*codes, "text")}


def _identifier_fault(value: str) -> FaultCode | None:
    categories = [unicodedata.category(char) for char in value]
    if not 1 <= len(value) <= 255:
        return FaultCode.TOO_LONG if value else FaultCode.TOO_SHORT
    if "Cc" in categories:
        return FaultCode.CONTROL_CHARACTER
    return FaultCode.LONE_SURROGATE if "Cs" in categories else None


def _number_fault(value: str) -> FaultCode | None:
    plus, digits = value[:1], value[1:]
    is_number = _DIGITS.issuperset(digits) and 2 <= len(digits) <= 15
    return None if plus == "+" and is_number and digits[0] != "0" else FaultCode.NOT_E164


def _timestamp_fault(value: str) -> FaultCode | None:
    moment = moment_of(value)
    return moment if isinstance(moment, FaultCode) else None


def _text_fault(value: object) -> FaultCode | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return FaultCode.WRONG_TYPE
    if len(value) > 4096:
        return FaultCode.TOO_LONG
    if "\0" in value:
        return FaultCode.NUL_CHARACTER
    has_surrogate = any("\ud800" <= char <= "\udfff" for char in value)
    return FaultCode.LONE_SURROGATE if has_surrogate else None


def _depth_of(body: bytes) -> int:
    """Count the brackets outside of strings, one by one; a backslash matters in strings alone."""
    if body.count(b"[") + body.count(b"{") <= 100:
        return 0  # not so, but no more than 100 either; the rest is slow
    depth = deepest = place = 0
    in_string = False
    while place < len(body):
        char = body[place]
        place += 2 if in_string and char == ord("\\") else 1
        if char == ord('"'):
            in_string = not in_string
        elif not in_string:
            depth += (char in b"[{") - (char in b"]}")
            deepest = max(deepest, depth)
    return deepest


def _no_json(name: str) -> None:
    raise ValueError(name)
