"""Which secret webhooks are signed with: what says when the previous one can go."""

from collections.abc import Callable

from lyftr_core import SignatureScheme, SignedRequest, SigningKey, VerifiedBody

__all__ = ["CountedScheme"]


class CountedScheme:
    """Counts each signature that another scheme verifies, whatever becomes of the body.

    Args:
        scheme: What verifies.
        count: Takes note of which secret it was.
    """

    def __init__(self, scheme: SignatureScheme, count: Callable[[SigningKey], None]) -> None:
        self._scheme = scheme
        self._count = count

    def verify(self, request: SignedRequest) -> VerifiedBody:
        """Verify a request.

        Raises:
            InvalidSignature: As the scheme says; nothing is counted.
            SecretNotConfigured: There is no secret to verify with.
        """
        body = self._scheme.verify(request)
        self._count(body.key)
        return body
