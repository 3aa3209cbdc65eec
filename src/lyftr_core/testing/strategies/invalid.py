"""Hypothesis strategies for bodies that break rules, and say which."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from lyftr_core.errors import FaultCode
from lyftr_core.testing.strategies.documents import json_objects
from lyftr_core.testing.strategies.messages import messages
from lyftr_core.testing.strategies.samples import wire_fields
from lyftr_core.testing.strategies.wire import bodies
from lyftr_core.testing.strategies.wrong_values import ABSENT, WRONG_VALUES

__all__ = ["InvalidBody", "invalid_bodies"]

_WHOLE: Mapping[FaultCode, SearchStrategy[bytes]] = {
    FaultCode.INVALID_JSON: st.one_of(
        st.sampled_from(
            [b"", b"{", b"{}{}", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1,}', b"-Infinity"]
        ),
        bodies().map(lambda body: body.rstrip()[:-1]),
        bodies().map(lambda body: b"\xef\xbb\xbf" + body),  # a byte order mark
    ),
    FaultCode.NOT_AN_OBJECT: st.one_of(
        st.sampled_from([b"null", b"1", b'"a"', b"[]", b"true"]),
        bodies().map(lambda body: b"[" + body + b"]"),
    ),
    FaultCode.INVALID_UTF8: st.one_of(
        st.sampled_from([b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\xc0\x80"}']),
        bodies().map(lambda body: body.rstrip()[:-1] + b',"a":"\xe9"}'),
    ),
    FaultCode.TOO_DEEP: st.one_of(
        st.integers(101, 120).map(lambda depth: b"[" * depth + b"]" * depth),
        bodies().map(lambda body: body.rstrip()[:-1] + b',"a":' + b"[" * 100 + b"]" * 100 + b"}"),
        st.just(b'{"a": ' + b"[" * 20_000),
    ),
}
_FIELDS = tuple(dict.fromkeys(field for field, _ in WRONG_VALUES))  # in the order of the message
_CODES = tuple(dict.fromkeys((*_WHOLE, *(code for _, code in WRONG_VALUES))))
_MESSAGES = messages()


class InvalidBody(msgspec.Struct, frozen=True):
    """A body that no message can be read from, and the rules that it breaks.

    Attributes:
        content: The bytes.
        faults: The field, or `None` for the body as a whole, and the code of each fault that
            `lyftr_core.parse` finds; all of them, in the same order.
    """

    content: bytes
    faults: tuple[tuple[str | None, FaultCode], ...]


def invalid_bodies(
    *,
    codes: Collection[str] | None = None,
    fields: Collection[str | None] | None = None,
) -> SearchStrategy[InvalidBody]:
    """Generate bodies that break one or more rules, and say which.

    Args:
        codes: Break only rules of these codes; any `FaultCode` that a body can break.
        fields: Break only rules of these fields, named as on the wire; `None` among them stands
            for the body as a whole.

    Raises:
        ValueError: There is no such code or field, or no rule has both.

    Example:
        >>> from hypothesis import given
        >>> @given(invalid_bodies(codes=[FaultCode.NOT_E164], fields=["from"]))
        ... def test_sender_in_another_form_is_refused(invalid):
        ...     assert invalid.faults == (("from", FaultCode.NOT_E164),)
        >>> test_sender_in_another_form_is_refused()
    """
    _check("codes", codes, [str(code) for code in _CODES])
    _check("fields", fields, [None, *_FIELDS])

    def is_asked(field: str | None, code: FaultCode) -> bool:
        return (codes is None or code in codes) and (fields is None or field in fields)

    whole = [code for code in _WHOLE if is_asked(None, code)]
    of_fields = [rule for rule in WRONG_VALUES if is_asked(*rule)]
    if not whole and not of_fields:
        raise ValueError("codes and fields must leave a rule: none of these fields has such a code")
    return st.one_of(
        *([st.sampled_from(whole).flatmap(_broken_as_a_whole)] if whole else []),
        *([_with_broken_fields(of_fields)] if of_fields else []),
    )


def _broken_as_a_whole(code: FaultCode) -> SearchStrategy[InvalidBody]:
    return _WHOLE[code].map(lambda content: InvalidBody(content, ((None, code),)))


@st.composite
def _with_broken_fields(draw: DrawFn, rules: Sequence[tuple[str, FaultCode]]) -> InvalidBody:
    broken = draw(st.lists(st.sampled_from(rules), min_size=1, unique_by=lambda rule: rule[0]))
    broken.sort(key=lambda rule: _FIELDS.index(rule[0]))
    fields: dict[str, object] = {**wire_fields(draw(_MESSAGES))}
    fields |= {rule[0]: draw(st.sampled_from(WRONG_VALUES[rule])) for rule in broken}
    present = {name: value for name, value in fields.items() if value is not ABSENT}
    return InvalidBody(draw(json_objects(present)), tuple(broken))


def _check(name: str, asked: Collection[str | None] | None, known: Sequence[str | None]) -> None:
    if asked is None:
        return
    if isinstance(asked, str) or not asked or not set(asked) <= set(known):
        raise ValueError(f"{name} must be some of {known}; not {asked!r}")
