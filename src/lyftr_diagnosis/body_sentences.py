"""What is said of each cause that is about the body; see `lyftr_diagnosis.sentences`."""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["BODY_SENTENCES", "Sentences"]

_SIGN_WHAT_IS_SENT = (
    "Sender: sign the very bytes that are sent, after everything that changes them."
)
_UTF_8 = "Sender: encode the body as UTF-8 once, and sign and send those same bytes."


class Sentences(NamedTuple):
    """What is said of a cause.

    Attributes:
        seen: What was seen.
        advice: What to do, on the sender's or on the receiver's side.
    """

    seen: str
    advice: str


BODY_SENTENCES: Mapping[str, Sentences] = {
    "body_bom_added": Sentences(
        "The sender signed a byte order mark (EF BB BF) before the body that did not arrive.",
        "Sender: write the JSON without a byte order mark (UTF-8, not UTF-8-SIG).",
    ),
    "body_bom_removed": Sentences(
        "The body begins with a byte order mark (EF BB BF) that the sender did not sign.",
        "Sender: send the JSON without a byte order mark (UTF-8, not UTF-8-SIG).",
    ),
    "body_characters_lost": Sentences(
        "The body contains {detail}, which often replace characters that an encoding lost."
        " The signed bytes cannot be recovered from it.",
        "Sender: encode the text as UTF-8 once, and sign and send those same bytes."
        " Receiver: capture the raw bytes.",
    ),
    "body_characters_replaced": Sentences(
        "The sender signed the body with the characters outside {detail}.",
        _UTF_8,
    ),
    "body_compressed": Sentences(
        "The body arrived compressed ({detail}), and the sender signed the plain text.",
        "Sender: send the body uncompressed; lyftr does not decompress it."
        " Receiver: check that no proxy compresses requests.",
    ),
    "body_crlf": Sentences(
        "The sender signed the body with CRLF where LF arrived.",
        f"{_SIGN_WHAT_IS_SENT} Receiver: see that the capture has not changed the line ends.",
    ),
    "body_empty": Sentences(
        "The body is empty.",
        "Receiver: see that the capture has the body, and that nothing read it away before.",
    ),
    "body_encoded_twice": Sentences(
        "The body arrived encoded as UTF-8 twice, read as {detail} between; the sender signed it"
        " encoded once.",
        _UTF_8,
    ),
    "body_lf": Sentences(
        "The sender signed the body with LF where CRLF arrived.",
        f"{_SIGN_WHAT_IS_SENT} Receiver: see that the capture has not changed the line ends.",
    ),
    "body_newline_added": Sentences(
        "The sender signed one more line end ({detail}) behind the body than arrived.",
        f"{_SIGN_WHAT_IS_SENT} Receiver: see that the capture has not cut it off.",
    ),
    "body_newline_removed": Sentences(
        "The body ends in a line end ({detail}) that the sender did not sign.",
        f"{_SIGN_WHAT_IS_SENT} Receiver: see that an editor or `echo` has not added it.",
    ),
    "body_normalised": Sentences(
        "The sender signed the body in the Unicode normalization form {detail}.",
        f"{_SIGN_WHAT_IS_SENT} Normalize the text before it is signed.",
    ),
    "body_reserialised": Sentences(
        "The signature is over the same JSON written in another way: {detail}.",
        "Sender: serialise once, and sign and send those same bytes."
        " Receiver: verify the raw body, not what a framework parsed and wrote anew.",
    ),
    "body_sent_in_other_encoding": Sentences(
        "The body arrived in {detail}, and the sender signed it in UTF-8.",
        "Sender: send the UTF-8 bytes that were signed; lyftr accepts JSON in UTF-8 only.",
    ),
    "body_sent_wrapped": Sentences(
        "The body arrived {detail}, and the sender signed what is inside.",
        "Sender: send the JSON itself as the body, with Content-Type application/json."
        " Receiver: check that no gateway re-encodes bodies.",
    ),
    "body_signed_empty": Sentences(
        "The sender signed an empty body.",
        "Sender: sign after the body is written; a stream that was read already gives nothing.",
    ),
    "body_signed_encoded_twice": Sentences(
        "The sender signed the body encoded as UTF-8 twice, read as {detail} between.",
        "Sender: pass the UTF-8 bytes to the HMAC function, not a string made of them.",
    ),
    "body_signed_in_other_encoding": Sentences(
        "The sender signed the body in another encoding than UTF-8: {detail}.",
        _UTF_8,
    ),
    "body_signed_wrapped": Sentences(
        "The sender signed the body {detail}, and sent it plain.",
        _SIGN_WHAT_IS_SENT,
    ),
    "body_stripped": Sentences(
        "The body has whitespace around it that the sender did not sign.",
        f"{_SIGN_WHAT_IS_SENT} Receiver: see that the capture has not added it.",
    ),
}
"""By the code of the cause."""
