"""Every way to write an object as JSON: what the strategies for bodies share."""

import json
import re
from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

__all__ = ["json_objects"]

_NAMES = frozenset({"message_id", "from", "to", "ts", "text"})
_SURROGATE = re.compile("[\ud800-\udfff]")  # which JSON can write as an escape alone
_STRINGS = st.text(st.characters(codec="utf-8"), max_size=10)
_PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    _STRINGS,
)
_VALUES = st.one_of(
    _PLAIN, st.lists(_PLAIN, max_size=2), st.dictionaries(_STRINGS, _PLAIN, max_size=2)
)
_OVERRIDDEN = st.lists(st.tuples(st.sampled_from(sorted(_NAMES)), _VALUES), max_size=2)
_UNKNOWN = st.lists(
    st.tuples(_STRINGS.filter(lambda name: name not in _NAMES), _VALUES), max_size=2
)


@st.composite
def json_objects(draw: DrawFn, fields: Mapping[str, object]) -> bytes:
    """Generate documents that a reader of these fields takes for one another.

    Args:
        draw: Given by Hypothesis.
        fields: What it must read.
    """
    overridden = [field for field in draw(_OVERRIDDEN) if field[0] in fields]
    rest = draw(st.permutations([*fields.items(), *draw(_UNKNOWN)]))
    space = draw(st.sampled_from(["", " ", "\r\n\t"]))
    is_escaped = draw(st.booleans()) or _SURROGATE.search(json.dumps(rest, ensure_ascii=False))
    encoder = json.JSONEncoder(ensure_ascii=bool(is_escaped))
    members = (
        f"{encoder.encode(k)}{space}:{space}{encoder.encode(v)}" for k, v in [*overridden, *rest]
    )
    return f"{space}{{{space}{f'{space},{space}'.join(members)}{space}}}{space}".encode()
