"""Hypothesis strategies for single fields: identifiers, phone numbers, times and texts.

Each gives what the rules allow, and often what implementations stumble over: characters outside
the Basic Multilingual Plane, case pairs of unequal length, SQL's special characters, the edges
of every range. None gives a lone surrogate.
"""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lyftr_core.message import MAX_MESSAGE_ID_LENGTH, MAX_TEXT_LENGTH
from lyftr_core.testing.strategies.keywords import check_moments, check_order
from lyftr_core.timestamps import format_timestamp

__all__ = [
    "EARLIEST",
    "LATEST",
    "message_ids",
    "moments",
    "phone_numbers",
    "texts",
    "timestamps",
]

EARLIEST = datetime.min.replace(tzinfo=UTC)
"""The first moment that a timestamp can name."""
LATEST = datetime.max.replace(tzinfo=UTC)
"""The last moment that a timestamp can name."""

_DIGITS = "0123456789"
_KEPT_DIGITS = 6
_COUNTRY_CODE = re.compile("([1-9][0-9]*)?")
_SIMPLE_CHARACTERS = "abAB01-_"
_PLAIN = datetime(2000, 1, 1, tzinfo=UTC)
_AWKWARD_CHARACTERS = (
    "aA%_\\'\"É\u00e9ßsSİi\u0307\u0131\u03c2\u03c3\u212a/?#+ \u2028\ufeff\uffff\U00010000😀"
)
_AWKWARD_IDS = (
    "a/b",
    "..",
    "%2F",
    "a?b#c",
    "' OR 1=1 --",
    '"',
    "\\",
    " ",
    "İ",
    "e\u0301",
    "\ufeff",
)


def message_ids(*, min_size: int = 1, max_size: int = MAX_MESSAGE_ID_LENGTH) -> SearchStrategy[str]:
    """Generate message identifiers, slashes, quotes and emoji among them.

    Args:
        min_size: In characters, from 1.
        max_size: In characters, up to 255.

    Raises:
        ValueError: The sizes are not in this order.

    Example:
        >>> from hypothesis import given
        >>> @given(message_ids(max_size=64))
        ... def test_identifier_fits_its_column(message_id):
        ...     assert len(message_id) <= 64
        >>> test_identifier_fits_its_column()
    """
    check_order(1, MAX_MESSAGE_ID_LENGTH, min_size=min_size, max_size=max_size)
    allowed = st.characters(exclude_categories=("Cc", "Cs"))
    awkward = [name for name in _AWKWARD_IDS if min_size <= len(name) <= max_size]
    simple_size = max(min_size, min(8, max_size))
    return st.one_of(
        st.text(_SIMPLE_CHARACTERS, min_size=min_size, max_size=simple_size),
        st.sampled_from(awkward) if awkward else st.nothing(),
        st.text(allowed, min_size=min_size, max_size=max_size),
        st.sampled_from(["a", "é", "😀"]).map(lambda char: char * max_size),
    )


def phone_numbers(
    *, country_code: str = "", min_digits: int = 2, max_digits: int = 15
) -> SearchStrategy[str]:
    """Generate phone numbers in E.164 form.

    Args:
        country_code: The digits that each begins with, `"91"` or `"1415"`; any by default.
        min_digits: How many digits at least, those of the country code among them; from 2.
        max_digits: How many digits at most, up to 15.

    Raises:
        ValueError: The code is no digits or begins with 0, or the numbers of digits are not in
            this order, or leave no room for the code.

    Example:
        >>> from hypothesis import given
        >>> @given(phone_numbers(country_code="91"))
        ... def test_number_is_of_india(number):
        ...     assert number.startswith("+91")
        >>> test_number_is_of_india()
    """
    check_order(2, 15, min_digits=min_digits, max_digits=max_digits)
    if _COUNTRY_CODE.fullmatch(country_code) is None or len(country_code) > max_digits:
        raise ValueError(
            f"country_code must be up to {max_digits} ASCII digits, the first not 0;"
            f" not {country_code!r}"
        )
    if not country_code:
        return st.integers(10 ** (min_digits - 1), 10**max_digits - 1).map("+{}".format)
    used = len(country_code)
    rest = st.text(_DIGITS, min_size=max(min_digits - used, 0), max_size=max_digits - used)
    return rest.map(lambda digits: f"+{country_code}{digits}")


def moments(
    *, earliest: datetime = EARLIEST, latest: datetime = LATEST
) -> SearchStrategy[datetime]:
    """Generate aware moments in UTC, to the microsecond.

    Args:
        earliest: The first that may come; aware, in UTC.
        latest: The last that may come; aware, in UTC.

    Raises:
        ValueError: A bound is not in UTC, or the first is behind the last.
    """
    check_moments(earliest, latest)
    between = st.datetimes(
        earliest.replace(tzinfo=None), latest.replace(tzinfo=None), timezones=st.just(UTC)
    )
    plain = max(earliest, min(latest, _PLAIN))
    return st.sampled_from([plain, earliest, latest]) | between


def timestamps(
    *, earliest: datetime = EARLIEST, latest: datetime = LATEST, max_fraction_digits: int = 20
) -> SearchStrategy[str]:
    """Generate timestamps in every way that they may come over the wire.

    Fractions of a second end in zeros or not, and go beyond the microseconds that are kept.

    Args:
        earliest: The first moment that one may name; aware, in UTC.
        latest: The last moment that one may name; aware, in UTC.
        max_fraction_digits: How many digits of a fraction at most, from 0.

    Raises:
        ValueError: A bound is not in UTC, or so few digits name no moment between the bounds.

    Example:
        >>> from hypothesis import given
        >>> @given(timestamps(max_fraction_digits=0))
        ... def test_timestamp_is_of_whole_seconds(ts):
        ...     assert len(ts) == len("2026-01-15T09:28:35Z")
        >>> test_timestamp_is_of_whole_seconds()
    """
    check_moments(earliest, latest)
    if max_fraction_digits < 0:
        raise ValueError(f"max_fraction_digits must be 0 or more, not {max_fraction_digits}")
    kept = min(max_fraction_digits, _KEPT_DIGITS)
    unit = timedelta(microseconds=10 ** (_KEPT_DIGITS - kept))
    to_first = (EARLIEST - earliest) % unit
    if to_first > latest - earliest:
        raise ValueError("max_fraction_digits must name a moment from earliest to latest")
    return st.builds(
        _spell,
        moments(earliest=earliest + to_first, latest=latest).map(
            lambda m: m - (m - EARLIEST) % unit
        ),
        digits=st.integers(0, kept),
        cut_off=st.text(_DIGITS, max_size=max_fraction_digits - kept),
    )


def texts(*, min_size: int = 0, max_size: int = MAX_TEXT_LENGTH) -> SearchStrategy[str]:
    """Generate texts of messages: anything but NUL and surrogates.

    Args:
        min_size: In characters, from 0.
        max_size: In characters, up to 4096.

    Raises:
        ValueError: The sizes are not in this order.

    Example:
        >>> from hypothesis import given
        >>> @given(texts(max_size=160))
        ... def test_text_fits_into_one_sms(text):
        ...     assert len(text) <= 160
        >>> test_text_fits_into_one_sms()
    """
    check_order(0, MAX_TEXT_LENGTH, min_size=min_size, max_size=max_size)
    allowed = st.characters(codec="utf-8", exclude_characters="\0")
    return st.one_of(
        st.text(_AWKWARD_CHARACTERS, min_size=min_size, max_size=max_size),
        st.text(allowed, min_size=min_size, max_size=max_size),
        st.sampled_from(["a", "é", "😀"]).map(lambda char: char * max_size),
    )


def _spell(moment: datetime, *, digits: int, cut_off: str) -> str:
    """Write a timestamp with more digits than it needs; only behind all that are kept, any."""
    whole, _, fraction = format_timestamp(moment).removesuffix("Z").partition(".")
    fraction = fraction.ljust(digits, "0")
    if len(fraction) == _KEPT_DIGITS:
        fraction += cut_off
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"
