"""The signature scheme that is configured, which says too when a previous secret can go.

What a request claims has no say in it.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from lyftr_core import (
    Clock,
    HexHmacSha256,
    RequestSigner,
    SignatureScheme,
    SignedRequest,
    SigningKey,
    StandardWebhooks,
    UnconfiguredScheme,
    VerifiedBody,
)
from lyftr_runtime.settings import InvalidSettings, Settings, WebhookScheme

__all__ = ["CountedScheme", "configured_scheme", "signer_of"]


class CountedScheme:
    """Counts each signature that another scheme verifies, whatever becomes of the body.

    Args:
        scheme: What verifies.
        count: Takes note of which secret it was.
    """

    def __init__(self, scheme: SignatureScheme, count: Callable[[SigningKey], None]) -> None:
        self._scheme = scheme
        self._count = count

    def verify(self, request: SignedRequest) -> VerifiedBody:
        """Verify a request.

        Raises:
            InvalidSignature: As the scheme says; nothing is counted.
            SecretNotConfigured: There is no secret to verify with.
        """
        body = self._scheme.verify(request)
        self._count(body.key)
        return body


def configured_scheme(
    settings: Settings, clock: Clock
) -> HexHmacSha256 | StandardWebhooks | UnconfiguredScheme:
    """Return the scheme that the settings choose, with their secrets.

    Args:
        settings: The configuration.
        clock: Tells how old a request is, where the scheme asks.

    Raises:
        ValueError: A secret has not the form that the scheme wants; `load_settings` lets none in.
    """
    current, previous = settings.webhook_secret, settings.webhook_secret_previous
    if current is None:
        return UnconfiguredScheme()
    if settings.webhook_scheme is WebhookScheme.STANDARD:
        return StandardWebhooks(
            current.value, previous=previous.value if previous else None, clock=clock
        )
    return HexHmacSha256(current.key, previous=previous.key if previous else None)


def signer_of(settings: Settings) -> RequestSigner:
    """Return what signs as the settings have it verified.

    Raises:
        InvalidSettings: There is no secret.
    """
    scheme = configured_scheme(settings, lambda: datetime.now(UTC))
    if isinstance(scheme, UnconfiguredScheme):
        raise InvalidSettings("WEBHOOK_SECRET must be set to sign with")
    return scheme
