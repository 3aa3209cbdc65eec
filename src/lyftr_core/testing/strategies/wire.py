"""Hypothesis strategies for what comes over the wire and is right: bodies and requests."""

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from lyftr_core.message import Message
from lyftr_core.signatures.schemes import HexHmacSha256, SignedRequest
from lyftr_core.signatures.standard_webhooks import StandardWebhooks, decode_secret
from lyftr_core.testing.strategies.documents import json_objects
from lyftr_core.testing.strategies.keywords import check_moment_in_utc, one_given
from lyftr_core.testing.strategies.messages import messages
from lyftr_core.testing.strategies.samples import wire_fields

__all__ = ["bodies", "signed_requests", "standard_signed_requests"]

_NO_SIGNATURES = (
    "",
    "v1",
    "v1,",
    "v1a,AAAA",
    "v2,AAAA",
    "v1,AAAA",
    "v1," + "A" * 43 + "=",
    "v1,\xff",
)

# Made once: to make a strategy costs more than to draw from it.
_MESSAGES = messages()
_CUT_OFF_DIGITS = st.text("0123456789", max_size=4)
_WEBHOOK_IDS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1
)
_AGES = st.integers(-300, 299)  # fractions of a second are cut off from a timestamp
_OTHER_HEADERS = st.lists(st.tuples(st.sampled_from([b"accept", b"X-Other"]), st.binary()))


def bodies(*, of: SearchStrategy[Message] | None = None) -> SearchStrategy[bytes]:
    """Generate bodies that parse to a message, in every way that JSON can put it.

    Fields come in any order, among unknown ones, behind earlier ones of the same name, with
    characters escaped or not, and with fractions of a second finer than is kept.

    Args:
        of: Which messages; `st.just(message)` for the bodies of one.

    Raises:
        TypeError: `of` is no strategy.

    Example:
        >>> from hypothesis import given
        >>> from lyftr_core import VerifiedBody, parse
        >>> @given(bodies(of=messages(text=st.just("Hello"))))
        ... def test_body_is_read_however_it_is_written(body):
        ...     assert parse(VerifiedBody(body)).text == "Hello"
        >>> test_body_is_read_however_it_is_written()
    """
    return _bodies(one_given("of", of, lambda: _MESSAGES))


def signed_requests(
    secret: str | bytes, *, of: SearchStrategy[bytes] | None = None
) -> SearchStrategy[SignedRequest]:
    """Generate requests whose `X-Signature` is right, in every way it can be written.

    Args:
        secret: The shared secret.
        of: Which bodies; any bytes will do. By default, those of messages.

    Raises:
        ValueError: The secret is empty.
        TypeError: `of` is no strategy.

    Example:
        >>> from hypothesis import given
        >>> @given(signed_requests("secret"))
        ... def test_signature_is_verified_however_it_is_written(request):
        ...     assert HexHmacSha256("secret").verify(request).content == request.body
        >>> test_signature_is_verified_however_it_is_written()
    """
    return _signed_requests(HexHmacSha256(secret), one_given("of", of, bodies))


def standard_signed_requests(
    secret: str, *, at: datetime, of: SearchStrategy[bytes] | None = None
) -> SearchStrategy[SignedRequest]:
    """Generate requests that are signed as Standard Webhooks has it, in every way it can be sent.

    Args:
        secret: The shared secret, `whsec_<base64>`.
        at: The moment when they are verified; they are signed within five minutes of it. Aware,
            in UTC.
        of: Which bodies; any bytes will do. By default, those of messages.

    Raises:
        ValueError: The secret is not of this form, or the moment is not in UTC.
        TypeError: `of` is no strategy.
    """
    check_moment_in_utc("at", at)
    decode_secret(secret)
    return _standard_signed_requests(secret, at, one_given("of", of, bodies))


@st.composite
def _bodies(draw: DrawFn, of: SearchStrategy[Message]) -> bytes:
    message = draw(of)
    fields: dict[str, object] = {**wire_fields(message)}
    if digits := draw(_CUT_OFF_DIGITS):
        moment = message.ts.replace(tzinfo=None).isoformat(timespec="microseconds")
        fields["ts"] = f"{moment}{digits}Z"
    if message.text is None and not draw(st.booleans()):
        del fields["text"]
    return draw(json_objects(fields))


@st.composite
def _signed_requests(
    draw: DrawFn, scheme: HexHmacSha256, of: SearchStrategy[bytes]
) -> SignedRequest:
    body = draw(of)
    upper = draw(st.integers(0, 2**64 - 1))
    digits = "".join(
        digit.upper() if upper >> place & 1 else digit
        for place, digit in enumerate(scheme.sign(body))
    )
    name = draw(st.sampled_from([b"x-signature", b"X-Signature", b"X-SIGNATURE"]))
    value = draw(st.sampled_from(["", "sha256="])) + digits
    headers = [(name, value.encode()), *draw(_OTHER_HEADERS)]
    return SignedRequest(tuple(draw(st.permutations(headers))), body)


@st.composite
def _standard_signed_requests(
    draw: DrawFn, secret: str, at: datetime, of: SearchStrategy[bytes]
) -> SignedRequest:
    body = draw(of)
    moment = at - timedelta(seconds=draw(_AGES))
    webhook_id = draw(_WEBHOOK_IDS)
    scheme = StandardWebhooks(secret, clock=lambda: moment)
    right = scheme.sign(body, webhook_id=webhook_id, timestamp=moment)
    others = draw(st.lists(st.sampled_from(_NO_SIGNATURES), max_size=3))
    values = [
        webhook_id,
        str(int(moment.timestamp())),
        " ".join(draw(st.permutations([right, *others]))),
    ]
    names = draw(st.sampled_from([str.lower, str.title, str.upper]))
    headers = [
        (names(f"webhook-{name}").encode(), value.encode("latin-1"))
        for name, value in zip(["id", "timestamp", "signature"], values, strict=True)
    ]
    return SignedRequest(tuple(draw(st.permutations([*headers, *draw(_OTHER_HEADERS)]))), body)
