"""Standard Webhooks, symmetric signatures (`v1`): the scheme many senders of webhooks share.

The specification is `spec/standard-webhooks.md` of github.com/standard-webhooks/standard-webhooks;
docs/adr/0009 says where this is stricter than it.
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta

from lyftr_core.errors import InvalidSignature
from lyftr_core.ports import Clock
from lyftr_core.signatures.keyed_hmac import KeyedHmac
from lyftr_core.signatures.schemes import (
    SignedRequest,
    SigningKey,
    VerifiedBody,
    raw_body,
    require_request,
)
from lyftr_core.timestamps import require_aware, require_clock

__all__ = [
    "SECRET_PREFIX",
    "TOLERANCE",
    "UNIX_TIME",
    "StandardWebhooks",
    "decode_secret",
    "encode_secret",
]

_CURRENT, _PREVIOUS = SigningKey
TOLERANCE = timedelta(seconds=300)
"""How far a timestamp may lie from now, unless it is said otherwise."""
SECRET_PREFIX = "whsec_"  # noqa: S105 - what comes before a secret is none
"""What the text of a secret begins with."""
_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_SECRET = re.compile(f"{SECRET_PREFIX}({_BASE64})")
UNIX_TIME = re.compile(rb"0|[1-9][0-9]{0,11}")
"""A whole timestamp: one way to write each number, and no year that a calendar does not know."""
_WEBHOOK_ID = re.compile(r"[!-\-/-~]+")


def decode_secret(secret: str) -> bytes:
    """Return the key that a secret of the form `whsec_<base64>` stands for.

    Raises:
        ValueError: It has another form, or no byte. The error does not repeat it.
    """
    if not isinstance(secret, str):
        raise TypeError(f"the secret must be text, not {type(secret).__name__}")
    found = _SECRET.fullmatch(secret)
    if not found or not found[1]:
        raise ValueError("the secret must be whsec_ and then base64 (RFC 4648, padded)")
    return b64decode(found[1])


def encode_secret(key: bytes) -> str:
    """Return the form `whsec_<base64>` of a key."""
    return SECRET_PREFIX + b64encode(key).decode()


class StandardWebhooks:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`, each sent exactly once.

    The signature is `v1,` and the base64 of HMAC-SHA256(key, `id.timestamp.body`). Several may be
    sent, separated by spaces, and one that is right is enough; those of other versions do not
    matter. The timestamp is in seconds since 1970 (Unix time), in ASCII digits. Comparisons take
    constant time, whichever secret matches.

    Whether a message is new says its `message_id` alone; the `webhook-id` is only signed.

    Args:
        secret: `whsec_<base64>`. It signs.
        previous: The secret that `secret` takes the place of; it verifies too.
        clock: Tells how old a request is.
        tolerance: How far its timestamp may lie from now, in the past or in the future.

    Raises:
        ValueError: A secret has another form, or the tolerance is negative.

    Example:
        >>> from datetime import UTC
        >>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        >>> scheme = StandardWebhooks(secret, clock=lambda: datetime.now(UTC))
        >>> request = SignedRequest.from_text(scheme.signature_headers(b"{}"), b"{}")
        >>> scheme.verify(request).content
        b'{}'
    """

    ID_HEADER = b"webhook-id"
    TIMESTAMP_HEADER = b"webhook-timestamp"
    SIGNATURE_HEADER = b"webhook-signature"

    def __init__(
        self,
        secret: str,
        *,
        previous: str | None = None,
        clock: Clock,
        tolerance: timedelta = TOLERANCE,
    ) -> None:
        require_clock(clock)
        if not isinstance(tolerance, timedelta):
            raise TypeError("the tolerance must be a timedelta, as in timedelta(seconds=300)")
        if tolerance < timedelta():
            raise ValueError("the tolerance must not be negative")
        self._current = KeyedHmac(decode_secret(secret))
        self._previous = None if previous is None else KeyedHmac(decode_secret(previous))
        self._clock = clock
        self._tolerance = tolerance.total_seconds()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<secret>)"

    def sign(self, body: bytes, *, webhook_id: str, timestamp: datetime) -> str:
        """Return the signature of a body, an identifier and a moment.

        Args:
            body: The raw body.
            webhook_id: Visible ASCII characters other than the full stop.
            timestamp: Aware; fractions of a second are cut off.

        Raises:
            TypeError: The identifier is no text, or the body no bytes.
            ValueError: The identifier has other characters, or none.
        """
        if not isinstance(webhook_id, str):
            raise TypeError(f"the webhook-id must be text, not {type(webhook_id).__name__}")
        if not _WEBHOOK_ID.fullmatch(webhook_id):
            raise ValueError("the webhook-id must be visible ASCII characters without a full stop")
        content = _content(webhook_id.encode(), _unix_time(timestamp).encode(), raw_body(body))
        return _signature(self._current, content).decode()

    def signature_headers(self, body: bytes) -> list[tuple[str, str]]:
        """Return the three headers that sign a body now.

        The `webhook-id` is made of the body, so that a redelivery has the same.
        """
        webhook_id = f"msg_{hashlib.sha256(raw_body(body)).hexdigest()[:32]}"
        now = self._clock()
        return [
            ("webhook-id", webhook_id),
            ("webhook-timestamp", _unix_time(now)),
            ("webhook-signature", self.sign(body, webhook_id=webhook_id, timestamp=now)),
        ]

    def verify(self, request: SignedRequest) -> VerifiedBody:
        """Verify the three headers.

        Raises:
            InvalidSignature: One is missing, repeated, malformed or wrong, or the timestamp is
                too far from now.
        """
        webhook_id = _only_value(request, self.ID_HEADER)
        timestamp = _only_value(request, self.TIMESTAMP_HEADER)
        claimed = _only_value(request, self.SIGNATURE_HEADER).split(b" ")
        # With a full stop in it, the same signature would fit other triples: see ADR 0009.
        if not webhook_id or b"." in webhook_id or not self._is_recent(timestamp):
            raise InvalidSignature
        content = _content(webhook_id, timestamp, request.body)
        # All are compared before any counts, so that time does not tell which matched.
        is_current = _any_matches(claimed, self._current, content)
        is_previous = self._previous is not None and _any_matches(claimed, self._previous, content)
        if is_current or is_previous:
            return VerifiedBody(request.body, _CURRENT if is_current else _PREVIOUS)
        raise InvalidSignature

    def _is_recent(self, timestamp: bytes) -> bool:
        if not UNIX_TIME.fullmatch(timestamp):
            return False
        now = self._clock()
        require_aware(now, "the clock must return")
        return abs(now.timestamp() - int(timestamp)) <= self._tolerance


def _only_value(request: SignedRequest, name: bytes) -> bytes:
    try:
        values = request.header_values(name)
    except (AttributeError, TypeError):
        require_request(request)
        raise
    if len(values) != 1:
        raise InvalidSignature
    return values[0]


def _content(webhook_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    return b"%b.%b.%b" % (webhook_id, timestamp, body)


def _signature(keyed: KeyedHmac, content: bytes) -> bytes:
    return b"v1," + b64encode(keyed.digest(content))


def _any_matches(claimed: Sequence[bytes], keyed: KeyedHmac, content: bytes) -> bool:
    expected = _signature(keyed, content)
    # No look at the form: what is equal to `v1,` and the base64 has it.
    matched = False
    for signature in claimed:
        matched |= hmac.compare_digest(signature, expected)
    return matched


def _unix_time(moment: datetime) -> str:
    require_aware(moment, "the timestamp must be")
    return str(int(moment.timestamp()))
