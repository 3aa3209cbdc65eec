"""A query string, read strictly: what each parameter says, and every fault in it.

Litestar's own reading is lenient with numbers (`1e1`).
"""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from lyftr_core import Fault, FaultCode, InvalidQuery, InvalidTimestamp

__all__ = [
    "QueryString",
    "Refused",
    "choice",
    "integer",
    "not_utf8",
]

T = TypeVar("T")

_ENOUGH_DIGITS = 20
"""A number of this many digits, the first not 0, is above 2^63 whatever the digits are."""


class QueryString:
    """The parameters of a query string, and the faults found while reading them."""

    def __init__(self, query_string: bytes) -> None:
        self.faults: list[Fault] = []
        self._values: dict[str, list[bytes]] = {}
        for pair in query_string.split(b"&"):
            name, _, value = (unquote_to_bytes(p.replace(b"+", b" ")) for p in pair.partition(b"="))
            self._values.setdefault(name.decode(errors="replace"), []).append(value)

    def has(self, name: str, *, empty_is_absent: bool = False) -> bool:
        """Tell whether a parameter was given."""
        values = self._values.get(name, [])
        return any(values) if empty_is_absent else bool(values)

    def get(
        self, name: str, read: Callable[[str], T], default: T, *, empty_is_absent: bool = False
    ) -> T:
        """Return a parameter's value, or the default where it is absent or faulty."""
        values = self._values.get(name, [])
        if empty_is_absent:
            values = [value for value in values if value]
        try:
            return read(_only(values).decode()) if values else default
        except UnicodeDecodeError:
            self.faults.append(not_utf8(name))
        except (Refused, InvalidTimestamp) as exc:
            self.faults.append(Fault(name, exc.code, str(exc)))
        return default

    def build(self, kind: Callable[..., T], **values: object) -> T | None:
        """Construct a value of the domain, or note what the domain says against it."""
        try:
            return kind(**values)
        except InvalidQuery as exc:
            self.faults += exc.faults
            return None


class Refused(ValueError):
    """A value is not taken; it says why."""

    def __init__(self, code: FaultCode, msg: str) -> None:
        super().__init__(msg)
        self.code = code


def _only(values: list[bytes]) -> bytes:
    if len(values) > 1:
        raise Refused(FaultCode.REPEATED, "must be given once")
    return values[0]


def integer(text: str) -> int:
    """Read a whole number that is not negative."""
    if not (text.isascii() and text.isdigit()):
        raise Refused(FaultCode.NOT_AN_INTEGER, "must be a whole number in ASCII digits")
    return int(text.lstrip("0")[:_ENOUGH_DIGITS] or "0")


def choice(choices: Mapping[str, T]) -> Callable[[str], T]:
    """Return what reads one of a few names."""

    def read(text: str) -> T:
        if text not in choices:
            raise Refused(FaultCode.NOT_A_CHOICE, f"must be {' or '.join(choices)}")
        return choices[text]

    return read


def not_utf8(name: str) -> Fault:
    """Return the fault of a value that is not UTF-8."""
    return Fault(name, FaultCode.INVALID_UTF8, "must be valid UTF-8")
