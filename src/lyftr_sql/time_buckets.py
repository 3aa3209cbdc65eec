"""Buckets of time that counts are kept for, and which of them cover a period."""

__all__ = ["DAY", "HOUR", "MINUTE", "round_down", "round_up", "spans"]

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
"""The widths of the buckets in which messages are counted by time, in microseconds."""


def spans(low: int, high: int, *widths: int) -> list[tuple[int, int, int]]:
    """Cover a period with few buckets: narrow ones at its ends, ever wider ones between.

    Args:
        low: The beginning of the period, a multiple of the first width.
        high: Its end, exclusive, a multiple of the first width.
        widths: Of the buckets, ascending, each a multiple of the one before.

    Returns:
        `(width, low, high)`: all buckets of this width that begin from `low` to before `high`.
    """
    width, *wider = widths
    if not wider:
        return [(width, low, high)]
    first, last = round_up(low, wider[0]), round_down(high, wider[0])
    if first >= last:
        return [(width, low, high)]
    return [(width, low, first), *spans(first, last, *wider), (width, last, high)]


def round_up(moment: int, width: int) -> int:
    """Return the beginning of the first bucket that begins no earlier, before 1970 too."""
    return -(-moment // width) * width


def round_down(moment: int, width: int) -> int:
    """Return the beginning of the bucket that holds a moment, before 1970 too."""
    return moment // width * width
