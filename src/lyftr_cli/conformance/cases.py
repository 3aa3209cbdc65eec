"""What a receiver is asked: the vectors of the core, signed for it, and some rules of delivery."""

import secrets as random
from collections.abc import Iterator

import msgspec

from lyftr_cli.sending.http_sender import MAX_BODY_SIZE
from lyftr_core import Clock, Message, RequestSigner, SignedRequest, parse_timestamp
from lyftr_core.vectors import (
    BodyVector,
    ExpectedFault,
    SignatureVector,
    SignatureVectors,
    content_bytes,
    load_vectors,
)
from lyftr_core.vectors.signing import SecretMissing, sign_again
from lyftr_core.wire import body_of

__all__ = ["Case", "delivery_cases", "group_names", "vector_cases"]

DELIVERY = "delivery"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and what should come of it.

    Attributes:
        group: What it is about: the name of a file of vectors, or `delivery`.
        name: Unique in its group.
        reason: A sentence that says why it is taken or refused.
        accepted: Whether it is taken.
        status: The status that lyftr answers with.
        faults: What lyftr names in a 422, in order.
        own_rule: It is a choice of lyftr's; another receiver may answer otherwise.
        request: The headers and the body.
        method: The method of HTTP.
    """

    group: str
    name: str
    reason: str
    accepted: bool
    status: int
    faults: tuple[ExpectedFault, ...] = ()
    own_rule: bool = False
    request: SignedRequest
    method: str = "POST"


def group_names(scheme: str) -> list[str]:
    """Return the names of the groups that concern receivers of a scheme, in order."""
    return [DELIVERY, *(name for name, file in load_vectors().items() if _concerns(file, scheme))]


def _concerns(file: object, scheme: str) -> bool:
    return not isinstance(file, SignatureVectors) or file.scheme == scheme


def vector_cases(
    group: str, signer: RequestSigner, *, secret: str, previous: str | None, clock: Clock
) -> Iterator[Case | str]:
    """Make the cases of one file of vectors, each signed when it is asked for.

    A slow receiver may take longer over all of them than a signature holds.

    Args:
        group: The name of the file.
        signer: Signs bodies as the receiver has it.
        secret: The secret of the receiver.
        previous: The one before it, which it still takes, if any.
        clock: Tells the present, from which timestamps that are signed count.

    Yields:
        A case, or the name of one that cannot be asked: it needs the previous secret, or a
        clock that stands still.
    """
    file = load_vectors()[group]
    for vector in file.cases:
        if isinstance(vector, BodyVector):
            yield _body_case(group, vector, signer)
        elif not isinstance(file, SignatureVectors) or vector.standing_clock:
            yield vector.name
        else:
            try:
                request = sign_again(file, vector, secret=secret, previous=previous, now=clock())
            except SecretMissing:
                yield vector.name
            else:
                yield _signature_case(group, vector, request)


def _body_case(group: str, vector: BodyVector, signer: RequestSigner) -> Case:
    return Case(
        group=group,
        name=vector.name,
        reason=vector.reason,
        accepted=vector.accepted,
        status=200 if vector.accepted else 422,
        faults=vector.faults,
        request=_signed(signer, content_bytes(vector.body)),
    )


def _signature_case(group: str, vector: SignatureVector, request: SignedRequest) -> Case:
    return Case(
        group=group,
        name=vector.name,
        reason=vector.reason,
        accepted=vector.accepted,
        status=200 if vector.accepted else 401,
        own_rule=vector.own_rule,
        request=request,
    )


def delivery_cases(signer: RequestSigner) -> list[Case]:
    """Make the cases about one message that comes several times, and about what is no webhook.

    The first is an ordinary message that no receiver has seen, which each must take.
    """
    body = _body(f"lyftr-conformance-delivery-{random.token_hex(8)}", "Hello")
    message, other = _signed(signer, body), _signed(signer, body.replace(b"Hello", b"Other"))
    large = body.replace(b'"Hello"', b'"Hello","unknown":"' + b"a" * MAX_BODY_SIZE + b'"')
    rows = [
        ("new-message", "This is an ordinary message.", 200, message),
        ("redelivery", "A sender that saw no answer delivers again.", 200, message),
        ("conflict", "The first delivery wins; a sender need not hear of it.", 200, other),
        ("too-large", "A body has at most 64 KiB.", 413, _signed(signer, large)),
    ]
    cases = [
        Case(
            group=DELIVERY,
            name=name,
            reason=reason,
            accepted=status == _OK,
            status=status,
            own_rule=name in {"conflict", "too-large"},
            request=request,
        )
        for name, reason, status, request in rows
    ]
    return [*cases, _GET]


_OK = 200
_GET = Case(
    group=DELIVERY,
    name="get",
    reason="Webhooks come by POST.",
    accepted=False,
    status=405,
    own_rule=True,
    request=SignedRequest((), b""),
    method="GET",
)


def _signed(signer: RequestSigner, body: bytes) -> SignedRequest:
    return SignedRequest.from_text(signer.signature_headers(body), body)


def _body(message_id: str, text: str) -> bytes:
    ts = parse_timestamp("2026-01-15T09:28:35Z")
    sender, recipient = "+919876543210", "+14155550100"
    return body_of(
        Message(message_id=message_id, sender=sender, recipient=recipient, ts=ts, text=text)
    )
