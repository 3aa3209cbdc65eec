"""What a diagnosis comes to."""

import msgspec

from lyftr_core.diagnosis.causes import Cause, Finding
from lyftr_core.signature import SigningKey

__all__ = ["Diagnosis"]


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What a diagnosis comes to.

    Attributes:
        key: Which secret the request verifies with, or `None`: it does not.
        is_explained: Whether it verifies once every finding is put right; of a request that does
            not verify, computed and not guessed.
        findings: What is other than it should be. Where nothing explains the signature, what
            was noticed.
        tried: The causes that were looked for in vain, where nothing explains the signature.
    """

    key: SigningKey | None = None
    is_explained: bool = False
    findings: tuple[Finding, ...] = ()
    tried: tuple[Cause, ...] = ()

    @property
    def is_verified(self) -> bool:
        """Whether the request verifies as it is."""
        return self.key is not None
