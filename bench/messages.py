"""The messages of the benchmark, made from a seed: every run and every target gets the same."""

import random
import uuid
from collections.abc import Iterator
from itertools import accumulate, product
from typing import NamedTuple

__all__ = [
    "COMMON",
    "COMMON_PART",
    "RARE",
    "RARE_COUNT",
    "SENDERS",
    "Content",
    "contents",
    "sender",
    "vocabulary",
]

SENDERS = 20_000
RECIPIENTS = 50
COMMON = "invoice"
"""A word in exactly 40 % of all messages, where their number divides by five."""
COMMON_PART = "oi"
"""In the same messages and no other; too short for an index of three characters."""
RARE = "quetzal"
"""A word in exactly 20 messages, spread evenly, however many messages there are."""
RARE_COUNT = 20
_WORDS = 3_000
_FEWEST_WORDS, _MOST_WORDS = 8, 20
_NOT_ASCII = (
    "café",
    "Straße",
    "señor",
    "İstanbul",
    "naïve",
    "привет",
    "東京",
    "Ärger",
    "👍",
    "नमस्ते",
)
_NOT_ASCII_EVERY = 50
"""So far apart are those words in the order of frequency."""


class Content(NamedTuple):
    """A message without its time."""

    message_id: str
    sender: str
    recipient: str
    text: str


def contents(seed: str, count: int) -> Iterator[Content]:
    """Make messages.

    Args:
        seed: The same seed and count give the same messages, another seed gives others.
        count: How many.
    """
    rng = random.Random(seed)
    senders = [sender(rank) for rank in range(SENDERS)]
    sender_weights = _zipf(SENDERS, 1)
    words = vocabulary()
    word_weights = _zipf(len(words), 20)
    for index in range(count):
        length = rng.randint(_FEWEST_WORDS, _MOST_WORDS)
        text = rng.choices(words, cum_weights=word_weights, k=length)
        common_at, rare_at = rng.sample(range(length), 2)
        if _is_common(index):
            text[common_at] = COMMON
        if _is_rare(index, count):
            text[rare_at] = RARE
        yield Content(
            str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            rng.choices(senders, cum_weights=sender_weights)[0],
            f"+1415555{rng.randrange(RECIPIENTS):04d}",
            " ".join(text),
        )


def sender(rank: int) -> str:
    """Return the phone number of a sender; the lower the rank, the more messages it sends."""
    return f"+91{7_000_000_000 + rank * 7_919}"


def vocabulary() -> list[str]:
    """Return the words of the texts, the more frequent first.

    None of them holds a special word or part: no vowel follows another.
    """
    rng = random.Random("vocabulary")
    syllables = [a + b for a, b in product("bdfgklmnprstv", ["a", "e", "i", "o", "u", "an", "er"])]
    words: dict[str, None] = {}
    while len(words) < _WORDS - len(_NOT_ASCII):
        words["".join(rng.choices(syllables, k=rng.randint(1, 4)))] = None
    ordered = list(words)
    rng.shuffle(ordered)
    for number, word in enumerate(_NOT_ASCII, start=1):
        ordered.insert(number * _NOT_ASCII_EVERY, word)
    return ordered


def _is_common(index: int) -> bool:
    return index * 2 % 5 < 2  # noqa: PLR2004 - two of five


def _is_rare(index: int, count: int) -> bool:
    step = max(count // RARE_COUNT, 1)
    return index % step == step // 2 and index // step < RARE_COUNT


def _zipf(size: int, flatness: int) -> list[float]:
    return list(accumulate(1 / (rank + flatness) for rank in range(size)))
