"""Taking a webhook in: verify, parse, store. The one way in."""

from collections.abc import Callable

import msgspec

from lyftr_core.message import AddOutcome, Message
from lyftr_core.parsing import parse
from lyftr_core.ports import Clock, MessageWriter
from lyftr_core.signatures.schemes import (
    SignatureScheme,
    SignedRequest,
    VerifiedBody,
    require_request,
)
from lyftr_core.timestamps import require_aware, require_clock

__all__ = ["IngestMessage", "Ingested"]


class Ingested(msgspec.Struct, frozen=True):
    """What became of a webhook.

    Attributes:
        message_id: The identifier of its message.
        outcome: What the store did with it.
    """

    message_id: str
    outcome: AddOutcome


class IngestMessage:
    """Take in one signed request.

    Args:
        scheme: Proves who sent it.
        writer: Keeps the message.
        clock: Gives the time of receipt.
        parse: Reads the message; `lyftr_core.parse`, or a function of yours that calls it and
            raises `InvalidMessage` for what breaks further rules.

    Example:
        >>> import asyncio
        >>> from datetime import UTC, datetime
        >>> from lyftr_core import HexHmacSha256, InMemoryMessageRepository
        >>> scheme, repository = HexHmacSha256("secret"), InMemoryMessageRepository()
        >>> ingest = IngestMessage(scheme, repository, clock=lambda: datetime.now(UTC))
        >>> body = (
        ...     b'{"message_id":"m1","from":"+919876543210","to":"+14155550100",'
        ...     b'"ts":"2026-01-15T09:28:35Z"}'
        ... )
        >>> request = SignedRequest.from_text(scheme.signature_headers(body), body)
        >>> asyncio.run(ingest(request))
        Ingested(message_id='m1', outcome=<AddOutcome.CREATED: 'created'>)
    """

    def __init__(
        self,
        scheme: SignatureScheme,
        writer: MessageWriter,
        clock: Clock,
        *,
        parse: Callable[[VerifiedBody], Message] = parse,
    ) -> None:
        require_clock(clock)
        self._scheme = scheme
        self._writer = writer
        self._clock = clock
        self._parse = parse

    async def __call__(self, request: SignedRequest) -> Ingested:
        """Verify, parse and store.

        Args:
            request: The headers and the raw body.

        Returns:
            The outcome. When this returns, the message is committed.

        Raises:
            InvalidSignature: The sender is not proven; the body was not looked at.
            SecretNotConfigured: There is no secret to verify with.
            InvalidMessage: The body breaks one or more rules; it names every faulty field.
            StorageUnavailable: Not committed; safe to retry.
            TypeError: The request is of another type, or the clock returns no aware datetime.
        """
        try:
            body = self._scheme.verify(request)
        except (AttributeError, TypeError):
            require_request(request, "IngestMessage")
            raise
        message = self._parse(body)
        received_at = self._clock()
        if getattr(received_at, "tzinfo", None) is None:  # asked here too, which costs no call
            require_aware(received_at, "the clock must return")
        outcome = await self._writer.add(message, received_at=received_at)
        return Ingested(message.message_id, outcome)
