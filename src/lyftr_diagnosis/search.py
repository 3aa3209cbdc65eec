"""The search for what a signature was made of: every product of a few causes is tried."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from lyftr_diagnosis.causes import Cause, Difference
from lyftr_diagnosis.hashes import HASHES
from lyftr_diagnosis.options import Option, products
from lyftr_diagnosis.values import Claim, Form, written_as

__all__ = ["Search"]


_ALWAYS = {
    Cause.VALUE_PREFIX,
    Cause.VALUE_QUOTED,
    Cause.VALUE_TRUNCATED,
    Cause.VALUE_WHITESPACE,
}
"""What a value is freed of before it is compared."""


class Search(msgspec.Struct, frozen=True):
    """What may have gone into a signature.

    Attributes:
        keys: The keys, the right one first.
        bodies: The bodies, the one that arrived first.
        frames: What stands before the body in the signed content, the right one first.
        form: How the signature should be written.
        rare: Further bodies, tried with nothing else that is other than it should be.
    """

    keys: Sequence[Option[bytes]]
    bodies: Sequence[Option[bytes]]
    frames: Sequence[Option[bytes]]
    form: Form
    rare: Sequence[Option[bytes]] = ()

    def explain(self, claims: Sequence[Claim]) -> tuple[Difference, ...] | None:
        """Find the fewest causes that make one of the claims right.

        Every hash is over the whole body, so the time taken grows with it.

        Returns:
            The causes, or `None` where no product of them does.
        """
        for digest in self._digests():
            for claim in claims:
                written = written_as(digest.value, claim.text, self.form)
                if written is not None:
                    return tuple(dict.fromkeys((*claim.differences, *written, *digest.differences)))
        return None

    def tried(self) -> tuple[Cause, ...]:
        """Return the causes that were looked for, sorted."""
        axes: list[Sequence[Option[Any]]] = [self.keys, self.bodies, self.frames, HASHES]
        found = {
            difference.cause
            for axis in axes
            for option in axis
            for difference in option.differences
        }
        found |= {f.cause for encoding in self.form.encodings for f in encoding.differences}
        return tuple(sorted(found | _ALWAYS))

    def _digests(self) -> Iterator[Option[bytes]]:
        axes: list[Sequence[Option[Any]]] = [HASHES, self.frames, self.bodies, self.keys]
        for chosen in products(axes):
            digest, before, body, key = (option.value for option in chosen)
            differences = tuple(
                difference for option in chosen for difference in option.differences
            )
            yield Option(digest(key, before + body), differences)
        key, before = self.keys[0], self.frames[0].value
        for body in self.rare:
            differences = (*body.differences, *key.differences)
            yield Option(HASHES[0].value(key.value, before + body.value), differences)
