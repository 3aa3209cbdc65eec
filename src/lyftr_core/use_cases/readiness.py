"""Whether the service can take a webhook now."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from lyftr_core.ports import ReadinessProbe
from lyftr_core.signatures.schemes import SignatureScheme, UnconfiguredScheme

if TYPE_CHECKING:
    import asyncio

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
    """Ask every probe: one check at a time, which answers everyone who asks meanwhile.

    Its result is kept for a moment, since anyone may ask, as often as they like.

    Args:
        probes: The checks, by the names they are reported under.
        keep: How long a result answers those who ask later, in seconds from its end.
        clock: Returns seconds that never go back.

    Example:
        >>> import asyncio
        >>> from lyftr_core import UnconfiguredScheme
        >>> probes = {"webhook_secret": SecretProbe(UnconfiguredScheme())}
        >>> asyncio.run(CheckReadiness(probes)()).ready
        False
    """

    def __init__(
        self,
        probes: Mapping[str, ReadinessProbe],
        *,
        keep: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probes = probes
        self._keep = keep
        self._clock = clock
        self._kept: Readiness | None = None
        self._kept_until = 0.0
        self._turn: asyncio.Lock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self) -> Readiness:
        """Return the state of each check. It never raises."""
        began = self._clock()
        async with self._turn_here():
            if self._kept and began < self._kept_until:  # it ended since, or is kept
                return self._kept
            faults = {name: await probe.check() for name, probe in self._probes.items()}
            self._kept, self._kept_until = Readiness(faults), self._clock() + self._keep
            return self._kept

    def _turn_here(self) -> "asyncio.Lock":
        """Return the lock of this event loop."""
        # Whoever runs a loop has imported it already.
        import asyncio  # noqa: PLC0415 - importing it takes longer than importing the core

        loop = asyncio.get_running_loop()
        if self._turn is None or self._loop is not loop:
            self._turn, self._loop = asyncio.Lock(), loop
        return self._turn


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
