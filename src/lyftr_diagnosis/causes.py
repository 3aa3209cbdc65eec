"""Why a signature may not match: a `Cause` for each reason, a `Difference` where it was seen."""

from enum import StrEnum

import msgspec

from lyftr_core.signatures.schemes import SigningKey
from lyftr_diagnosis.sentences import SENTENCES

__all__ = ["Cause", "Diagnosis", "Difference"]


class Cause(StrEnum):
    """The stable codes of the causes; `lyftr_diagnosis.sentences` explains each."""

    BODY_BOM_ADDED = "body_bom_added"
    BODY_BOM_REMOVED = "body_bom_removed"
    BODY_CHARACTERS_LOST = "body_characters_lost"
    BODY_CHARACTERS_REPLACED = "body_characters_replaced"
    BODY_COMPRESSED = "body_compressed"
    BODY_CRLF = "body_crlf"
    BODY_EMPTY = "body_empty"
    BODY_ENCODED_TWICE = "body_encoded_twice"
    BODY_LF = "body_lf"
    BODY_NEWLINE_ADDED = "body_newline_added"
    BODY_NEWLINE_REMOVED = "body_newline_removed"
    BODY_NORMALISED = "body_normalised"
    BODY_RESERIALISED = "body_reserialised"
    BODY_SENT_IN_OTHER_ENCODING = "body_sent_in_other_encoding"
    BODY_SENT_WRAPPED = "body_sent_wrapped"
    BODY_SIGNED_EMPTY = "body_signed_empty"
    BODY_SIGNED_ENCODED_TWICE = "body_signed_encoded_twice"
    BODY_SIGNED_IN_OTHER_ENCODING = "body_signed_in_other_encoding"
    BODY_SIGNED_WRAPPED = "body_signed_wrapped"
    BODY_STRIPPED = "body_stripped"
    CONTENT_FORM = "content_form"
    CONTENT_WITHOUT_ID = "content_without_id"
    CONTENT_WITHOUT_TIMESTAMP = "content_without_timestamp"
    HASH_KEY_AND_BODY_SWAPPED = "hash_key_and_body_swapped"
    HASH_KEY_BEHIND = "hash_key_behind"
    HASH_KEY_IN_FRONT = "hash_key_in_front"
    HASH_OTHER = "hash_other"
    HASH_WITHOUT_KEY = "hash_without_key"
    HEADER_MISSING = "header_missing"
    HEADER_OTHER_NAME = "header_other_name"
    HEADER_REPEATED = "header_repeated"
    ID_EMPTY = "id_empty"
    ID_FULL_STOP = "id_full_stop"
    PREVIOUS_SECRET = "previous_secret"
    SCHEME_LYFTR = "scheme_lyftr"
    SCHEME_STANDARD = "scheme_standard"
    SECRET_AS_STANDARD = "secret_as_standard"
    SECRET_AS_TEXT = "secret_as_text"
    SECRET_BASE64_DECODED = "secret_base64_decoded"
    SECRET_BASE64_ENCODED = "secret_base64_encoded"
    SECRET_EMPTY = "secret_empty"
    SECRET_HEX_DECODED = "secret_hex_decoded"
    SECRET_HEX_ENCODED = "secret_hex_encoded"
    SECRET_MALFORMED = "secret_malformed"
    SECRET_NEWLINE_ADDED = "secret_newline_added"
    SECRET_PLACEHOLDER = "secret_placeholder"
    SECRET_PREFIX_REMOVED = "secret_prefix_removed"
    SECRET_QUOTED = "secret_quoted"
    SECRET_STRIPPED = "secret_stripped"
    SECRET_UNQUOTED = "secret_unquoted"
    TIMESTAMP_AHEAD = "timestamp_ahead"
    TIMESTAMP_MALFORMED = "timestamp_malformed"
    TIMESTAMP_MILLISECONDS = "timestamp_milliseconds"
    TIMESTAMP_OLD = "timestamp_old"
    VALUE_BASE64 = "value_base64"
    VALUE_BASE64_OF_HEX = "value_base64_of_hex"
    VALUE_BASE64URL = "value_base64url"
    VALUE_EMPTY = "value_empty"
    VALUE_FORM = "value_form"
    VALUE_HEX = "value_hex"
    VALUE_LIST = "value_list"
    VALUE_PREFIX = "value_prefix"
    VALUE_QUOTED = "value_quoted"
    VALUE_TRUNCATED = "value_truncated"
    VALUE_UNPADDED = "value_unpadded"
    VALUE_WHITESPACE = "value_whitespace"
    VERSION_MISSING = "version_missing"
    VERSION_OTHER = "version_other"


class Difference(msgspec.Struct, frozen=True):
    """One cause, as it was seen.

    Attributes:
        cause: Which.
        detail: What was seen of it, where the cause has several forms: the name of a hash, a
            number of seconds. Visible ASCII; never a secret and never a signature.
    """

    cause: Cause
    detail: str = ""

    @property
    def seen(self) -> str:
        """What was seen, as a sentence."""
        return SENTENCES[self.cause].seen.format(detail=self.detail)

    @property
    def advice(self) -> str:
        """What to do about it, on the sender's or on the receiver's side."""
        return SENTENCES[self.cause].advice.format(detail=self.detail)


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What a diagnosis comes to.

    Attributes:
        key: Which secret the request verifies with, or `None`: it does not.
        is_explained: Whether it verifies once every difference is put right; of a request that does
            not verify, computed and not guessed.
        differences: What is other than it should be. Where nothing explains the signature, what
            was noticed.
        tried: The causes that were looked for in vain, where nothing explains the signature.
    """

    key: SigningKey | None = None
    is_explained: bool = False
    differences: tuple[Difference, ...] = ()
    tried: tuple[Cause, ...] = ()

    @property
    def is_verified(self) -> bool:
        """Whether the request verifies as it is."""
        return self.key is not None
