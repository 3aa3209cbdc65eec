"""Ways in which one ingredient of a signature may have been made, and their bounded product."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any, Generic, TypeVar

import msgspec

from lyftr_diagnosis.causes import Difference

__all__ = ["MAX_CAUSES", "Option", "distinct", "products"]

MAX_CAUSES = 2
"""How many ingredients may be other than they should be at once."""

T_co = TypeVar("T_co", covariant=True)


class Option(msgspec.Struct, Generic[T_co], frozen=True):
    """One way to make an ingredient.

    Attributes:
        value: What comes of it.
        differences: What is other than it should be; none where nothing is.
    """

    value: T_co
    differences: tuple[Difference, ...] = ()


def distinct(options: Iterable[Option[bytes]]) -> list[Option[bytes]]:
    """Keep of those with the same value the first: what cannot be told apart is one way."""
    kept: dict[bytes, Option[bytes]] = {}
    for option in options:
        kept.setdefault(option.value, option)
    return list(kept.values())


def products(axes: Sequence[Sequence[Option[Any]]]) -> Iterator[tuple[Option[Any], ...]]:
    """Choose one option of each axis, the first of most, those with the fewest others first.

    Args:
        axes: For each ingredient its options, the one that should be first.
    """
    for count in range(MAX_CAUSES + 1):
        for others in combinations(range(len(axes)), count):
            yield from product(
                *(axis[1:] if place in others else axis[:1] for place, axis in enumerate(axes))
            )
