"""Signed requests as fuzzers make them: a text of headers and a body, like HTTP's own.

`x-signature: sha256={sig}`, an empty line, the body. A fuzzer guesses no signature, so what it
writes in braces is filled in: each scheme says with what.
"""

from collections.abc import Callable, Mapping

from lyftr_core import InvalidSignature, SignatureScheme, SignedRequest

__all__ = ["Fill", "check_scheme"]

Fill = Callable[[SignedRequest], Mapping[bytes, bytes]]
"""Returns what the names in braces stand for, in the headers of this request."""


def check_scheme(
    data: bytes, scheme: SignatureScheme, fill: Fill, is_right: Callable[[SignedRequest], bool]
) -> None:
    """Verify the request in some bytes, and compare with a second reading of the rules.

    Args:
        data: What the fuzzer made.
        scheme: What is fuzzed.
        fill: What stands in braces.
        is_right: Whether the scheme must accept a request.
    """
    request = _request_of(data, fill)
    try:
        content = scheme.verify(request).content
    except InvalidSignature:
        assert not is_right(request), "a right signature was refused"
    else:
        assert is_right(request), "a wrong signature was accepted"
        assert content == request.body


def _request_of(data: bytes, fill: Fill) -> SignedRequest:
    head, _, body = data.partition(b"\n\n")
    lines = [line.partition(b": ") for line in head.split(b"\n")]
    request = SignedRequest(tuple((name, value) for name, _, value in lines), body)
    for name, content in fill(request).items():
        headers = tuple((key, value.replace(name, content)) for key, value in request.headers)
        request = SignedRequest(headers, body)
    return request
