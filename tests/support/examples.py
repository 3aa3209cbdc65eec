"""Number of examples of a property: few before a commit, all in the profile `thorough`."""

from hypothesis import settings

__all__ = ["example_count"]

_FEWER = 8
_FEWEST = 3


def example_count(thorough: int) -> int:
    """Return `thorough` in that profile; otherwise an eighth of it, at least three."""
    if settings.get_current_profile_name() == "thorough":
        return thorough
    return max(thorough // _FEWER, _FEWEST)
