"""The hash of a message's content: what stays of it once it is removed."""

from lyftr_core.removal import hash_fields

__all__ = ["hash_of"]


def hash_of(message_id: str, sender: str, recipient: str, ts: int, text: str | None) -> int:
    """Return the hash of a message that was delivered."""
    encoded = None if text is None else text.encode()
    return hash_fields(message_id.encode(), sender.encode(), recipient.encode(), ts, encoded)
