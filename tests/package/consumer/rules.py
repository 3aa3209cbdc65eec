"""The rules of lyftr as data, asked of this team's own code."""

from typing import assert_type

from lyftr_core import Message, SignedRequest, parse_timestamp
from lyftr_core.vectors import (
    BodyVector,
    BodyVectors,
    Content,
    ExpectedFault,
    ExpectedMessage,
    Piece,
    SignatureVector,
    SignatureVectors,
    Signing,
    content_bytes,
    load_vectors,
)
from lyftr_core.vectors.signing import SecretMissing, sign_again

TWICE: Content = ("[", Piece(text="a", times=2), "]")


def body_cases() -> list[BodyVector]:
    """Return every case of a body."""
    files = load_vectors().values()
    return [case for file in files if isinstance(file, BodyVectors) for case in file.cases]


def signature_files() -> list[SignatureVectors]:
    """Return every file of signed requests."""
    return [file for file in load_vectors().values() if isinstance(file, SignatureVectors)]


def expected(case: BodyVector) -> Message | tuple[ExpectedFault, ...]:
    """Return what becomes of a body."""
    message = assert_type(case.message, "ExpectedMessage | None")
    return case.faults if message is None else read(message)


def read(message: ExpectedMessage) -> Message:
    """Return a message as the core has it."""
    return assert_type(message.to_message(), Message)


def signed_now(file: SignatureVectors, case: SignatureVector) -> SignedRequest | None:
    """Sign a case again as its file did; without the secret before, not those that are about it."""
    signing = assert_type(case.signing, Signing)
    try:
        return sign_again(file, case, secret=file.secret, now=parse_timestamp(file.now))
    except SecretMissing:
        assert signing.secret == "previous"
        return None


def length(content: Content) -> int:
    """Count the bytes of a content."""
    return len(assert_type(content_bytes(content), bytes))
