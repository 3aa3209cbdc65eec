"""What is said of each cause: what was seen, and what to do. `{detail}` is filled in."""

from collections.abc import Mapping

from lyftr_diagnosis.body_sentences import BODY_SENTENCES, Sentences

__all__ = ["SENTENCES"]

_KEY_AS_IT_STANDS = "Sender: use the text of the secret as it stands as the key."
_ONCE = "Sender, or a proxy between: send it once."
_DIGITS = "Sender: send the 64 hex digits, with `sha256=` before them or nothing."
_BASE64 = "Sender: send `v1,` and the padded base64 (RFC 4648, section 4) of the 32 bytes."
_FORM = (
    "Sender: send it in the form of the scheme: lyftr, 64 hex digits, with `sha256=` before them or"
    " nothing; standard, `v1,` and padded base64."
)
_CONTENT = "Sender: sign webhook-id, a full stop, webhook-timestamp, a full stop, and the body."
_HMAC = "Sender: use HMAC-SHA256, with the secret as its key and the signed content as its message."
_STANDARD_KEY = (
    "Sender: decode what follows `whsec_` from base64 to get the key."
    " Receiver, where the sender cannot: set the secret to `whsec_` and the padded base64 of"
    " the bytes that the sender uses."
)


SENTENCES: Mapping[str, Sentences] = {
    **BODY_SENTENCES,
    "content_form": Sentences("The sender signed {detail}.", _CONTENT),
    "content_without_id": Sentences("The sender signed {detail}, without webhook-id.", _CONTENT),
    "content_without_timestamp": Sentences(
        "The sender signed {detail}, without webhook-timestamp.",
        _CONTENT,
    ),
    "hash_key_and_body_swapped": Sentences(
        "The sender gave the signed content as the key and the secret as the message.",
        _HMAC,
    ),
    "hash_key_behind": Sentences(
        "The signature is SHA-256 of the content and then the secret.", _HMAC
    ),
    "hash_key_in_front": Sentences(
        "The signature is SHA-256 of the secret and then the content.", _HMAC
    ),
    "hash_other": Sentences("The signature is HMAC with {detail}.", _HMAC),
    "hash_without_key": Sentences("The signature is a plain {detail} without any key.", _HMAC),
    "header_missing": Sentences(
        "The header {detail}.",
        "Sender: send it. Receiver: see that no proxy takes it away, and the capture has it.",
    ),
    "header_other_name": Sentences(
        "The signature came in another header: {detail}.",
        "Sender: send it under that name.",
    ),
    "header_repeated": Sentences(
        "The header {detail}; then it is refused, whatever it says.", _ONCE
    ),
    "id_empty": Sentences("webhook-id is empty.", "Sender: give each webhook an identifier."),
    "id_full_stop": Sentences(
        "webhook-id has a full stop in it, which is refused: the signed bytes could be cut into"
        " other parts.",
        "Sender: use identifiers without a full stop.",
    ),
    "previous_secret": Sentences(
        "It is signed with the previous secret, WEBHOOK_SECRET_PREVIOUS.",
        "Sender: change over to the new secret. Receiver: if the sender has done so, the two"
        " variables are swapped.",
    ),
    "scheme_lyftr": Sentences(
        "The sender signs as X-Signature has it, and WEBHOOK_SCHEME is standard.",
        "Receiver: set WEBHOOK_SCHEME=lyftr. Or sender: sign by Standard Webhooks.",
    ),
    "scheme_standard": Sentences(
        "The sender signs by Standard Webhooks, and WEBHOOK_SCHEME is lyftr.",
        "Receiver: set WEBHOOK_SCHEME=standard, with a secret of the form whsec_ and base64.",
    ),
    "secret_as_standard": Sentences(
        "The sender took what follows `whsec_` in the secret, decoded from base64, as the key.",
        "Receiver: if the sender signs by Standard Webhooks, set WEBHOOK_SCHEME=standard."
        f" {_KEY_AS_IT_STANDS}",
    ),
    "secret_as_text": Sentences(
        "The sender used the text of the secret as it stands as the key.",
        _STANDARD_KEY,
    ),
    "secret_base64_decoded": Sentences(
        "The sender decoded the secret from base64 to get the key.",
        _KEY_AS_IT_STANDS,
    ),
    "secret_base64_encoded": Sentences(
        "The sender used the base64 of the key.",
        "Receiver or sender: use the same form of the secret on both sides.",
    ),
    "secret_empty": Sentences(
        "The sender signed with an empty secret.",
        "Sender: see that its variable or file is set where the program runs.",
    ),
    "secret_hex_decoded": Sentences(
        "The sender decoded the secret from hex digits to get the key.",
        "Sender: use the form of the secret that the scheme wants; decode no hex digits.",
    ),
    "secret_hex_encoded": Sentences(
        "The sender used the hex digits of the key.",
        "Receiver or sender: use the same form of the secret on both sides.",
    ),
    "secret_malformed": Sentences(
        "{detail} is not whsec_ and then padded base64, so the server does not start with it.",
        'Receiver: set it to such a one, as `echo "whsec_$(openssl rand -base64 24)"` makes it.',
    ),
    "secret_newline_added": Sentences(
        "The sender's secret has a line end ({detail}) behind it.",
        "Sender: strip the line end where the secret is read from a file or made by `echo`.",
    ),
    "secret_placeholder": Sentences(
        "The sender signed with the word {detail} as its secret.",
        "Sender: see that its variable is set where the program runs.",
    ),
    "secret_prefix_removed": Sentences(
        "The sender used what follows `whsec_` in the secret, not decoded, as the key.",
        "Sender: use the form of the secret that the scheme wants: lyftr, all of the text as it"
        " stands; standard, what follows `whsec_`, decoded from base64.",
    ),
    "secret_quoted": Sentences(
        "The sender's secret has quotes around it.",
        "Sender: take the quotes away.",
    ),
    "secret_stripped": Sentences(
        "The secret here has whitespace around it that the sender's has not.",
        "Receiver: take the spaces and line ends around the secret away.",
    ),
    "secret_unquoted": Sentences(
        "The secret here has quotes around it that the sender's has not.",
        "Receiver: take the quotes around the secret away.",
    ),
    "timestamp_ahead": Sentences(
        "webhook-timestamp is {detail} s ahead of the moment of receipt; 300 s are taken.",
        "Sender and receiver: set the clocks (NTP). Whole hours are a local time taken for UTC."
        " A capture is judged as of the moment it arrived: give that (`--at`).",
    ),
    "timestamp_malformed": Sentences(
        "webhook-timestamp is no whole number of seconds since 1970 in ASCII digits.",
        "Sender: send Unix time in seconds, without sign, fraction, spaces or leading zeros.",
    ),
    "timestamp_milliseconds": Sentences(
        "webhook-timestamp is in milliseconds.",
        "Sender: send Unix time in whole seconds, and sign it so.",
    ),
    "timestamp_old": Sentences(
        "webhook-timestamp is {detail} s before the moment of receipt; 300 s are taken.",
        "Sender: sign anew at each attempt, and set the clocks (NTP). Whole hours are a local time"
        " taken for UTC. A capture is judged as of the moment it arrived: give that (`--at`).",
    ),
    "value_base64": Sentences("The signature is in base64, not in hex digits.", _DIGITS),
    "value_base64url": Sentences("The signature is in base64url (with - and _).", _FORM),
    "value_base64_of_hex": Sentences(
        "The signature is the base64 of the hex digits, not of the bytes.",
        _FORM,
    ),
    "value_empty": Sentences("The header {detail} is empty.", "Sender: put the signature into it."),
    "value_form": Sentences("In the place of the signature stand {detail}.", _FORM),
    "value_hex": Sentences("The signature is in hex digits, not in base64.", _BASE64),
    "value_list": Sentences(
        "The header holds several values, and the signature is one of them.",
        _ONCE,
    ),
    "value_prefix": Sentences("Before the signature stands `{detail}`.", _FORM),
    "value_quoted": Sentences(
        "The signature has quotes around it.",
        "Sender: send it without quotes.",
    ),
    "value_truncated": Sentences(
        "The signature is cut off: {detail} characters.",
        "Sender: send all of it; look for a column or a log that is too narrow.",
    ),
    "value_unpadded": Sentences(
        "The `=` at the end of the base64 is missing.",
        "Sender: send base64 with its padding.",
    ),
    "value_whitespace": Sentences(
        "The signature has whitespace around it.",
        "Sender: send it without.",
    ),
    "version_missing": Sentences("Before the signature, `v1,` is missing.", _BASE64),
    "version_other": Sentences("The signature is of another version: {detail}.", _BASE64),
}
"""By the code of the cause."""
