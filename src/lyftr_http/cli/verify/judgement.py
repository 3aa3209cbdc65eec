"""A request judged as the server would, and what is to be said of it."""

from datetime import datetime

from lyftr_core import SignedRequest
from lyftr_core.diagnosis import Scheme, Secrets, diagnose
from lyftr_http.cli.verify import output
from lyftr_http.settings import Settings

__all__ = ["judge"]


def judge(
    request: SignedRequest, settings: Settings, at: datetime, *, as_json: bool
) -> tuple[bool, str]:
    """Say whether a request verifies, and if not, why.

    Args:
        request: The request as it was captured.
        settings: They have a secret, in any form.
        at: When it arrived.
        as_json: Whether to say it for programs.

    Returns:
        Whether it verifies, and the text.

    Raises:
        ValueError: There is no secret.
    """
    if settings.webhook_secret is None:
        raise ValueError("there is no secret")
    previous = settings.webhook_secret_previous
    secrets = Secrets(current=settings.webhook_secret.key, previous=previous and previous.key)
    scheme = Scheme(settings.webhook_scheme.value)
    diagnosis = diagnose(request, secrets, scheme=scheme, at=at)
    text = output.as_json(diagnosis) if as_json else output.as_text(diagnosis, request.body)
    return diagnosis.is_verified, text
