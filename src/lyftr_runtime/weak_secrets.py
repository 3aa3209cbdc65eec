"""Secrets that the server takes and that are easy to guess: it starts, and says so in the log."""

from collections.abc import Iterator

from lyftr_core.signatures.standard_webhooks import decode_secret
from lyftr_runtime.settings import Secret, Settings, WebhookScheme

__all__ = ["weak_secrets"]

_SHORTEST = 16
"""How many bytes a token or a secret should have at least."""
_STANDARD = (24, 64)
"""What the key of a Standard Webhooks secret should have, in bytes (its specification, "Signature
scheme")."""


def weak_secrets(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each secret that is weak. None repeats any of it.

    Args:
        settings: Those with which the server starts.
    """
    for number, token in enumerate(settings.api_tokens, 1):
        if len(token.key) < _SHORTEST:
            yield (
                f"token {number} of API_TOKENS has fewer than {_SHORTEST} characters and is easy to"
                " guess; generate one with `openssl rand -hex 32`"
            )
    for name, secret in (
        ("WEBHOOK_SECRET", settings.webhook_secret),
        ("WEBHOOK_SECRET_PREVIOUS", settings.webhook_secret_previous),
    ):
        if secret and (fault := _fault_of_secret(secret, settings.webhook_scheme)):
            yield f"{name} {fault}"


def _fault_of_secret(secret: Secret, scheme: WebhookScheme) -> str | None:
    if scheme is WebhookScheme.LYFTR:
        if len(secret.key) >= _SHORTEST:
            return None
        return (
            f"has fewer than {_SHORTEST} bytes and is easy to guess;"
            " generate one with `openssl rand -hex 32`"
        )
    shortest, longest = _STANDARD
    size = len(decode_secret(secret.value))
    if shortest <= size <= longest:
        return None
    unit = "byte" if size == 1 else "bytes"
    return (
        f"decodes to {size} {unit}, but Standard Webhooks requires {shortest} to {longest} bytes;"
        " generate one with `echo whsec_$(openssl rand -base64 32)`"
    )
