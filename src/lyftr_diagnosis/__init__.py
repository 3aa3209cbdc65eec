"""Why a signature does not match: for operators, who have the secret; never for a sender.

What is found here would help whoever forges signatures, so no answer to a request may carry it:
no process that serves requests loads this, nor does `lyftr_core` itself. It verifies as the schemes
do, and where they refuse, it makes the signature anew with each of the usual mistakes, and with two
of them at once, until one is what came.
"""

from datetime import datetime
from enum import StrEnum

from lyftr_core.signatures.schemes import HexHmacSha256, SignedRequest, SigningKey
from lyftr_core.signatures.standard_webhooks import StandardWebhooks
from lyftr_diagnosis import lyftr_scheme, standard_scheme
from lyftr_diagnosis.causes import Cause, Diagnosis, Difference
from lyftr_diagnosis.keys import Secrets

__all__ = ["Cause", "Diagnosis", "Difference", "Scheme", "Secrets", "diagnose"]


class Scheme(StrEnum):
    """How requests are verified."""

    LYFTR = "lyftr"
    """`X-Signature`, as `HexHmacSha256` has it."""
    STANDARD = "standard"
    """Standard Webhooks, as `StandardWebhooks` has it."""


def diagnose(
    request: SignedRequest, secrets: Secrets, *, scheme: Scheme, at: datetime
) -> Diagnosis:
    """Verify a request, and say why it does not verify if it does not.

    It is total: whatever bytes the request holds, there is a diagnosis. It takes some thousand
    hashes of the body.

    Args:
        request: The request as it arrived.
        secrets: What it should verify with.
        scheme: How it should be signed.
        at: When it arrived, aware.

    Returns:
        The diagnosis. A request that verifies with the previous secret has that as a difference.

    Example:
        >>> from datetime import UTC
        >>> headers = [("X-Signature", HexHmacSha256("secret").sign(b'{"a":1}'))]
        >>> request = SignedRequest.from_text(headers, b'{"a": 1}')
        >>> diagnosis = diagnose(
        ...     request,
        ...     Secrets(current=b"secret"),
        ...     scheme=Scheme.LYFTR,
        ...     at=datetime(2026, 1, 15, tzinfo=UTC),
        ... )
        >>> diagnosis.is_verified, diagnosis.is_explained, diagnosis.differences[0].cause.value
        (False, True, 'body_reserialised')
    """
    key = _verified_key(request, secrets, scheme, at)
    if key is not None:
        notes = (Difference(Cause.PREVIOUS_SECRET),) if key is SigningKey.PREVIOUS else ()
        return Diagnosis(key=key, is_explained=True, differences=notes)
    own = _explain(request, secrets, scheme, at)
    return own if own.is_explained else _other_scheme(request, secrets, scheme, at) or own


def _verified_key(
    request: SignedRequest, secrets: Secrets, scheme: Scheme, at: datetime
) -> SigningKey | None:
    if scheme is Scheme.LYFTR:
        return lyftr_scheme.verified_key(request, secrets)
    return standard_scheme.verified_key(request, secrets, at)


def _explain(request: SignedRequest, secrets: Secrets, scheme: Scheme, at: datetime) -> Diagnosis:
    if scheme is Scheme.LYFTR:
        return lyftr_scheme.explain(request, secrets)
    return standard_scheme.explain(request, secrets, at)


_OTHER = {Scheme.LYFTR: Scheme.STANDARD, Scheme.STANDARD: Scheme.LYFTR}
_HEADERS = {
    Scheme.LYFTR: HexHmacSha256.HEADER,
    Scheme.STANDARD: StandardWebhooks.SIGNATURE_HEADER,
}
_CAUSES = {Scheme.LYFTR: Cause.SCHEME_LYFTR, Scheme.STANDARD: Cause.SCHEME_STANDARD}


def _other_scheme(
    request: SignedRequest, secrets: Secrets, scheme: Scheme, at: datetime
) -> Diagnosis | None:
    """Diagnose by the other scheme, where its header came and this one's did not, or it explains.

    Whether the request verifies by the other one is asked of that scheme itself.
    """
    other = _OTHER[scheme]
    if not request.header_values(_HEADERS[other]):
        return None
    found = _explain(request, secrets, other, at)
    if not found.is_explained and request.header_values(_HEADERS[scheme]):
        return None
    return Diagnosis(
        is_explained=found.is_explained,
        differences=(Difference(_CAUSES[other]), *found.differences),
        tried=found.tried,
    )
