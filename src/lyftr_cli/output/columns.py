"""What a table shows, apart from rich, which draws it and is slow to load."""

import msgspec

__all__ = ["Column"]


class Column(msgspec.Struct, frozen=True):
    """A column of a table.

    Attributes:
        title: What stands above it.
        is_number: Whether it is set to the right.
        is_flexible: Whether it is broken into lines where the terminal is too narrow.
        leaves: Its turn to be left out where the flexible column would get too narrow: 1 is the
            first, 0 never leaves.
        style: How rich shows it, as in `bold` or `cyan`.
    """

    title: str
    is_number: bool = False
    is_flexible: bool = False
    leaves: int = 0
    style: str = ""
