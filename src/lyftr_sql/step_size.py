"""How much one step of long work does, so that whoever waits for it hardly notices."""

__all__ = ["Pace"]

AIM = 0.01
"""How long a step should take, in seconds."""
_SMOOTHING = 2
"""A step is at most so many times as large as the one before, or as small."""


class Pace:
    """Makes steps larger or smaller by how long they took.

    Args:
        fewest: How much a step does at least; the first step does so much.
        most: How much a step does at most.
    """

    def __init__(self, fewest: int, most: int) -> None:
        self.at_once: int = fewest
        self._fewest = fewest
        self._most = most

    def note(self, done: int, seconds: float) -> None:
        """Take notice of a step.

        Args:
            done: How much it did.
            seconds: How long it took.
        """
        wanted = int(done * AIM / max(seconds, 1e-6))
        near = min(max(wanted, self.at_once // _SMOOTHING), self.at_once * _SMOOTHING)
        self.at_once = min(max(near, self._fewest), self._most)
