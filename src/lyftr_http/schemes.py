"""The signature scheme that is configured. What a request claims has no say in it."""

from lyftr_core import Clock, HexHmacSha256, StandardWebhooks, UnconfiguredScheme
from lyftr_http.settings import Settings, WebhookScheme

__all__ = ["configured_scheme"]


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
