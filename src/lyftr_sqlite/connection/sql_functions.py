"""The hash of a message's content, from columns: what stays of it once it is removed."""

from lyftr_core.removal import hash_fields

__all__ = ["HASH_FUNCTION", "hash_of_columns"]

HASH_FUNCTION = "lyftr_content_hash"
"""The name of `hash_of_columns` in SQL."""


def hash_of_columns(
    message_id: bytes, sender: bytes, recipient: bytes, ts: object, text: bytes | None
) -> int:
    """Return the hash of a row, be it a valid message or not.

    Args:
        message_id: As all texts cast to a BLOB, so that what is no UTF-8 can be removed too.
        sender: The same.
        recipient: The same.
        ts: Microseconds since 1970-01-01T00:00:00Z.
        text: The same as for the others, or `None`.
    """
    return hash_fields(message_id, sender, recipient, ts if isinstance(ts, int) else 0, text)
