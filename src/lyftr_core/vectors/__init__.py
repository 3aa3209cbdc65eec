"""The rules of lyftr as data: which webhooks are taken, which are refused, and why.

The data are `lyftr_core/vectors/data/*.json`; `README.md` beside them documents the format for
readers in any language. Nothing here needs `lyftr_core.testing`, nor what that needs;
`load_vectors` alone of all the core reads files, its own.
"""

from base64 import b64decode
from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

import msgspec

from lyftr_core.errors import FaultCode
from lyftr_core.message import Message
from lyftr_core.signatures.schemes import SignedRequest
from lyftr_core.timestamps import parse_timestamp

__all__ = [
    "BodyVector",
    "BodyVectors",
    "Content",
    "ExpectedFault",
    "ExpectedMessage",
    "Piece",
    "SignatureVector",
    "SignatureVectors",
    "Signing",
    "content_bytes",
    "load_vectors",
]

Encoding = Literal["hex", "hex_upper", "hex_mixed", "base64", "base64_unused_bits"]
SigningSecret = Literal["current", "previous", "other", "undecoded"]


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a content: text or bytes, one or many times.

    Attributes:
        text: Stands for its UTF-8 bytes.
        base64: Instead of it, for bytes that are not UTF-8 (RFC 4648, padded).
        times: How often it comes.
    """

    text: str = ""
    base64: str = ""
    times: int = 1


Content = str | tuple[str | Piece, ...]
"""Text, or pieces one after another; what a body or the value of a header stands in a file as."""


def content_bytes(content: Content) -> bytes:
    r"""Return the bytes that a content stands for.

    Example:
        >>> content_bytes(("[", Piece(text="ab", times=2), Piece(base64="/w==")))
        b'[abab\xff'
    """
    # Text is pieces too, of a character each.
    return b"".join(
        piece.encode()
        if isinstance(piece, str)
        else (piece.text.encode() + b64decode(piece.base64, validate=True)) * piece.times
        for piece in content
    )


class ExpectedFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong with a body: the field, `None` for the whole of it, and the kind."""

    field: str | None
    code: FaultCode


class ExpectedMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The message that a body is read as; its `ts` is in canonical form."""

    message_id: Content
    sender: str = msgspec.field(name="from")
    recipient: str = msgspec.field(name="to")
    ts: str
    text: Content | None

    def to_message(self) -> Message:
        """Return it as the core has it."""
        return Message(
            message_id=content_bytes(self.message_id).decode(),
            sender=self.sender,
            recipient=self.recipient,
            ts=parse_timestamp(self.ts),
            text=None if self.text is None else content_bytes(self.text).decode(),
        )


class BodyVector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body, rightly signed, and what becomes of it.

    Attributes:
        name: Unique among all vectors of its file.
        reason: A sentence that says why it is taken or refused.
        accepted: Whether it is taken.
        body: The body.
        message: What it is read as, where it is taken.
        faults: Everything that is wrong with it, in order, where it is refused.
    """

    name: str
    reason: str
    accepted: bool
    body: Content
    message: ExpectedMessage | None = None
    faults: tuple[ExpectedFault, ...] = ()


class Signing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the signature of a request is made, where that is not the ordinary way.

    Attributes:
        secret: Which: `other` is one that the receiver does not know, `undecoded` the text of a
            Standard Webhooks secret where its base64 should have been decoded.
        age: How many seconds before now the timestamp lies.
        content: What is signed instead; `{id}`, `{timestamp}` and `{body}` stand for what is sent.
        encoding: How its bytes are written instead.
        length: How many characters of it are sent, rather than all.
    """

    secret: SigningSecret = "current"  # noqa: S105 - the name of one
    age: int = 0
    content: str | None = None
    encoding: Encoding | None = None
    length: int | None = None


_ORDINARY = Signing()


class SignatureVector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request, and whether its signature proves the body, which is a message.

    Attributes:
        name: Unique among all vectors of its file.
        reason: A sentence that says why it is taken or refused.
        accepted: Whether it is taken.
        own_rule: It is a choice of lyftr's where the scheme leaves one.
        standing_clock: It holds only where the receiver's clock stands still at the file's `now`.
        body: The body.
        headers: Names and values in the order sent, signed with the file's secret at its `now`.
        template: The same with placeholders, to sign again.
        signing: How to.
    """

    name: str
    reason: str
    accepted: bool
    body: Content
    headers: tuple[tuple[str, Content], ...]
    template: tuple[tuple[str, Content], ...]
    own_rule: bool = False
    standing_clock: bool = False
    signing: Signing = _ORDINARY

    def request(self) -> SignedRequest:
        """Return the request as it is in the file."""
        headers = ((name.encode(), content_bytes(value)) for name, value in self.headers)
        return SignedRequest(tuple(headers), content_bytes(self.body))


class BodyVectors(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="body"
):
    """One file of bodies."""

    description: str
    cases: tuple[BodyVector, ...]


class SignatureVectors(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="signature"
):
    """One file of signed requests.

    Attributes:
        scheme: `lyftr` (`X-Signature`) or `standard` (Standard Webhooks).
        secret: The secret of the receiver.
        previous_secret: The one before it, which still counts.
        other_secret: One that the receiver does not know.
        now: What the receiver's clock says.
    """

    description: str
    scheme: Literal["lyftr", "standard"]
    secret: str
    previous_secret: str
    other_secret: str
    now: str
    cases: tuple[SignatureVector, ...]


_decode = msgspec.json.Decoder(BodyVectors | SignatureVectors).decode


def load_vectors() -> Mapping[str, BodyVectors | SignatureVectors]:
    """Return every file of vectors under its name without `.json`, in the order of the names.

    Example:
        >>> load_vectors()["phone_number"].cases[0].name
        'two-digits'
    """
    folder = files("lyftr_core.vectors").joinpath("data")
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".json"))
    return {
        name.removesuffix(".json"): _decode(folder.joinpath(name).read_bytes()) for name in found
    }
