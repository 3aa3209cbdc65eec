"""Why the three headers of Standard Webhooks do not match."""

import math
import re
from collections.abc import Iterator
from datetime import datetime

from lyftr_core.errors import InvalidSignature
from lyftr_core.signatures.schemes import SignedRequest, SigningKey
from lyftr_core.signatures.standard_webhooks import TOLERANCE, UNIX_TIME, StandardWebhooks
from lyftr_diagnosis.bodies import about_body, rare_bodies, signed_bodies
from lyftr_diagnosis.causes import Cause, Diagnosis, Difference
from lyftr_diagnosis.headers import header_differences, renamed
from lyftr_diagnosis.keys import Secrets, is_standard, standard_keys
from lyftr_diagnosis.options import Option
from lyftr_diagnosis.search import Search
from lyftr_diagnosis.values import STANDARD, claims, describe

__all__ = ["explain", "verified_key"]

_ID = StandardWebhooks.ID_HEADER
_TIMESTAMP = StandardWebhooks.TIMESTAMP_HEADER
_SIGNATURE = StandardWebhooks.SIGNATURE_HEADER
_SVIX = {name.replace(b"webhook", b"svix"): name for name in (_ID, _TIMESTAMP, _SIGNATURE)}
"""The names that these headers had before the specification, and that some senders still use."""
_TOLERANCE = TOLERANCE.total_seconds()
_MILLISECONDS = re.compile(rb"[1-9][0-9]{12}")
_SEPARATORS = {
    "colons": b":",
    "commas": b",",
    "hyphens": b"-",
    "underscores": b"_",
    "line ends": b"\n",
    "spaces": b" ",
    "vertical bars": b"|",
    "nothing": b"",
}


def verified_key(request: SignedRequest, secrets: Secrets, at: datetime) -> SigningKey | None:
    """Return which secret verifies a request, as the server finds it."""
    try:
        previous = None if secrets.previous is None else secrets.previous.decode()
        scheme = StandardWebhooks(secrets.current.decode(), previous=previous, clock=lambda: at)
        return scheme.verify(request).key
    except (InvalidSignature, ValueError):  # the second, of a secret in another form
        return None


def explain(request: SignedRequest, secrets: Secrets, at: datetime) -> Diagnosis:
    """Explain why a request does not verify."""
    request, names = renamed(request, _SVIX)
    facts = (
        *names,
        *_about_headers(request),
        *_about_values(request, at),
        *_about_secrets(secrets),
    )
    search = Search(
        standard_keys(secrets),
        signed_bodies(request.body),
        _frames(request),
        STANDARD,
        rare_bodies(request.body),
    )
    values = request.header_values(_SIGNATURE)
    claimed = [claim for value in values for claim in claims(value, STANDARD)]
    causes = search.explain(claimed)
    if causes is not None:
        return Diagnosis(is_explained=True, differences=(*facts, *causes))
    noticed = describe(claimed, STANDARD, "webhook-signature") if values else ()
    seen = (*facts, *noticed, *about_body(request.body))
    return Diagnosis(differences=seen, tried=search.tried())


def _about_headers(request: SignedRequest) -> Iterator[Difference]:
    for name in (_ID, _TIMESTAMP, _SIGNATURE):
        yield from header_differences(request, name)


def _about_values(request: SignedRequest, at: datetime) -> Iterator[Difference]:
    webhook_id, timestamp = _first(request, _ID), _first(request, _TIMESTAMP)
    if webhook_id == b"":
        yield Difference(Cause.ID_EMPTY)
    if webhook_id and b"." in webhook_id:
        yield Difference(Cause.ID_FULL_STOP)
    if timestamp is not None:
        yield from _about_timestamp(timestamp, at.timestamp())


def _first(request: SignedRequest, name: bytes) -> bytes | None:
    return next(iter(request.header_values(name)), None)


def _about_timestamp(timestamp: bytes, now: float) -> Iterator[Difference]:
    if _MILLISECONDS.fullmatch(timestamp):
        yield Difference(Cause.TIMESTAMP_MILLISECONDS)
        yield from _about_skew(int(timestamp) // 1_000 - now)
    elif not UNIX_TIME.fullmatch(timestamp):
        yield Difference(Cause.TIMESTAMP_MALFORMED)
    else:
        yield from _about_skew(int(timestamp) - now)


def _about_skew(ahead: float) -> Iterator[Difference]:
    """Say how far a timestamp is from the moment of receipt, if too far."""
    if ahead > _TOLERANCE:
        yield Difference(Cause.TIMESTAMP_AHEAD, str(math.ceil(ahead)))
    if -ahead > _TOLERANCE:
        yield Difference(Cause.TIMESTAMP_OLD, str(math.ceil(-ahead)))


def _about_secrets(secrets: Secrets) -> Iterator[Difference]:
    for name, secret in (
        ("WEBHOOK_SECRET", secrets.current),
        ("WEBHOOK_SECRET_PREVIOUS", secrets.previous),
    ):
        if secret is not None and not is_standard(secret):
            yield Difference(Cause.SECRET_MALFORMED, name)


def _frames(request: SignedRequest) -> list[Option[bytes]]:
    """Return what may stand before the body in the signed content."""
    webhook_id, timestamp = _first(request, _ID) or b"", _first(request, _TIMESTAMP) or b""
    return [
        Option(b"%b.%b." % (webhook_id, timestamp)),
        Option(b"%b." % timestamp, (Difference(Cause.CONTENT_WITHOUT_ID, "`timestamp.body`"),)),
        Option(b"%b." % webhook_id, (Difference(Cause.CONTENT_WITHOUT_TIMESTAMP, "`id.body`"),)),
        Option(b"", (Difference(Cause.CONTENT_FORM, "the body alone"),)),
        Option(
            b"%b.%b." % (timestamp, webhook_id),
            (Difference(Cause.CONTENT_FORM, "`timestamp.id.body`, the identifier second"),),
        ),
        *(
            Option(
                webhook_id + separator + timestamp + separator,
                (Difference(Cause.CONTENT_FORM, f"the three with {name} between them"),),
            )
            for name, separator in _SEPARATORS.items()
        ),
    ]
