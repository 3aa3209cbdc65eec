"""How many requests may be worked on at once."""

from lyftr_http.exchange.errors import TooManyInFlight

__all__ = ["InFlight"]


class InFlight:
    """Lets in so many requests at once, and refuses the next.

    What is still arriving, and connections without a request, do not count.

    Args:
        limit: How many.
    """

    __slots__ = ("_count", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0

    def __enter__(self) -> None:
        """Begin one.

        Raises:
            TooManyInFlight: The limit is reached.
        """
        if self._count >= self._limit:
            raise TooManyInFlight
        self._count += 1

    def __exit__(self, *_: object) -> None:
        """End one."""
        self._count -= 1
