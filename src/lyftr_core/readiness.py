"""Whether the service can take a webhook now."""

from collections.abc import Mapping

import msgspec

from lyftr_core.ports import ReadinessProbe
from lyftr_core.signature import SignatureScheme, UnconfiguredScheme

__all__ = ["CheckReadiness", "Readiness", "SecretProbe"]


class Readiness(msgspec.Struct, frozen=True):
    """The state of each thing that the service needs.

    Attributes:
        faults: For each check, by its name, `None` or a few words that say what is missing.
    """

    faults: Mapping[str, str | None]

    @property
    def ready(self) -> bool:
        """Whether all is well."""
        return not any(self.faults.values())


class CheckReadiness:
    """Ask every probe.

    Args:
        probes: The checks, by the names they are reported under.

    Example:
        >>> import asyncio
        >>> from lyftr_core import UnconfiguredScheme
        >>> probes = {"webhook_secret": SecretProbe(UnconfiguredScheme())}
        >>> asyncio.run(CheckReadiness(probes)()).ready
        False
    """

    def __init__(self, probes: Mapping[str, ReadinessProbe]) -> None:
        self._probes = probes

    async def __call__(self) -> Readiness:
        """Return the state of each check. It never raises."""
        return Readiness({name: await probe.check() for name, probe in self._probes.items()})


class SecretProbe:
    """Tells whether there is a secret to verify signatures with.

    Args:
        scheme: The scheme in use.
    """

    def __init__(self, scheme: SignatureScheme) -> None:
        self._scheme = scheme

    async def check(self) -> str | None:
        """Return `None` if there is a secret, else what is missing."""
        return "not configured" if isinstance(self._scheme, UnconfiguredScheme) else None
