"""A request judged as the server would, and what is printed of it for people and for programs."""

import hashlib
import json
import textwrap
from collections.abc import Iterator
from datetime import datetime

from lyftr_core import SignedRequest, SigningKey
from lyftr_diagnosis import Diagnosis, Difference, Scheme, Secrets, diagnose
from lyftr_runtime.settings import Settings

__all__ = ["judge"]

_WIDTH = 80
_VARIABLES = {
    SigningKey.CURRENT: "WEBHOOK_SECRET",
    SigningKey.PREVIOUS: "WEBHOOK_SECRET_PREVIOUS",
}
_COMPARE = """\
2. Compare the secrets without showing them. Here and at the sender, sign the
   same harmless text; the two must print the same:
     printf lyftr | WEBHOOK_SCHEME=lyftr lyftr sign
     printf lyftr | openssl dgst -sha256 -hmac "$SECRET"
3. The right signature is not printed, as whoever reads it could send this body.
   `lyftr sign` makes it."""


def _as_json(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as one line of JSON."""
    return json.dumps(
        {
            "verified": diagnosis.is_verified,
            "key": diagnosis.key,
            "explained": diagnosis.is_explained,
            "findings": [
                {
                    "cause": difference.cause,
                    "detail": difference.detail,
                    "seen": difference.seen,
                    "advice": difference.advice,
                }
                for difference in diagnosis.differences
            ],
            "tried": diagnosis.tried,
        }
    )


def _as_text(diagnosis: Diagnosis, body: bytes) -> str:
    """Return a diagnosis for people: the verdict, the causes, and what to do."""
    return "\n".join(_lines(diagnosis, body))


def _lines(diagnosis: Diagnosis, body: bytes) -> Iterator[str]:
    yield _verdict(diagnosis)
    for number, difference in enumerate(diagnosis.differences, 1):
        yield ""
        yield from _about(number, difference)
    if not diagnosis.is_explained:
        yield ""
        yield from _wrapped("Tried, each and two at once: ", ", ".join(diagnosis.tried))
        yield ""
        yield from _next_steps(body)


def _verdict(diagnosis: Diagnosis) -> str:
    if diagnosis.key is not None:
        return f"verified, with {_VARIABLES[diagnosis.key]}"
    count = len(diagnosis.differences)
    if diagnosis.is_explained:
        which = "this is why" if count == 1 else f"these {count} causes together are why"
        return f"NOT verified; {which}:"
    return f"NOT verified; no usual cause explains it{', but this was noticed:' if count else '.'}"


def _about(number: int, difference: Difference) -> Iterator[str]:
    yield from _wrapped(f"{number}. ", f"{difference.seen} [{difference.cause}]")
    yield from _wrapped("   ", difference.advice)


def _next_steps(body: bytes) -> Iterator[str]:
    yield "What to do next:"
    yield "1. Let the sender compare what it signed with the body here:"
    yield f"     {len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:32]}..."
    yield _COMPARE


def _wrapped(first: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent="   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


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
    text = _as_json(diagnosis) if as_json else _as_text(diagnosis, request.body)
    return diagnosis.is_verified, text
