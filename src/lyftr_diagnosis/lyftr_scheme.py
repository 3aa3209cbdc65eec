"""Why `X-Signature` does not match."""

from lyftr_core.errors import InvalidSignature
from lyftr_core.signatures.schemes import HexHmacSha256, SignedRequest, SigningKey
from lyftr_diagnosis.bodies import about_body, rare_bodies, signed_bodies
from lyftr_diagnosis.causes import Cause, Diagnosis, Difference
from lyftr_diagnosis.headers import header_differences, other_signatures
from lyftr_diagnosis.keys import Secrets, text_keys
from lyftr_diagnosis.options import Option
from lyftr_diagnosis.search import Search
from lyftr_diagnosis.values import HEX, Claim, claims, describe

__all__ = ["explain", "verified_key"]

_NAME = HexHmacSha256.HEADER


def verified_key(request: SignedRequest, secrets: Secrets) -> SigningKey | None:
    """Return which secret verifies a request, as the server finds it."""
    scheme = HexHmacSha256(secrets.current, previous=secrets.previous)
    try:
        return scheme.verify(request).key
    except InvalidSignature:
        return None


def explain(request: SignedRequest, secrets: Secrets) -> Diagnosis:
    """Explain why a request does not verify."""
    search = Search(
        text_keys(secrets),
        signed_bodies(request.body),
        [Option(b"")],
        HEX,
        rare_bodies(request.body),
    )
    own = [claim for value in request.header_values(_NAME) for claim in claims(value, HEX)]
    facts = tuple(header_differences(request, _NAME))
    causes = search.explain(own)
    if causes is not None:
        return Diagnosis(is_explained=True, differences=(*facts, *causes))
    causes = search.explain(_claims_elsewhere(request))
    if causes is not None:
        return Diagnosis(is_explained=True, differences=causes)
    noticed = describe(own, HEX, "X-Signature") if own else ()
    seen = (*facts, *noticed, *about_body(request.body))
    return Diagnosis(differences=seen, tried=search.tried())


def _claims_elsewhere(request: SignedRequest) -> list[Claim]:
    return [
        Claim(
            claim.text,
            (Difference(Cause.HEADER_OTHER_NAME, f"{name}, not x-signature"), *claim.differences),
        )
        for name, value in other_signatures(request)
        for claim in claims(value, HEX)
    ]
