from collections import Counter
from itertools import pairwise

import pytest

from bench.dataset import LAST_TS, moment
from bench.messages import COMMON, COMMON_PART, RARE, RARE_COUNT, contents, vocabulary


def test_the_same_seed_gives_the_same_messages_and_another_gives_others() -> None:
    assert list(contents("a", 100)) == list(contents("a", 100))
    ids = {content.message_id for seed in "ab" for content in contents(seed, 100)}
    assert len(ids) == 200


@pytest.mark.parametrize("count", [20, 100, 2_015])
def test_the_special_words_come_as_often_as_they_say(count: int) -> None:
    texts = [content.text for content in contents("words", count)]
    assert sum(COMMON in text for text in texts) == count * 2 // 5
    assert sum(COMMON_PART in text for text in texts) == count * 2 // 5
    assert sum(RARE in text for text in texts) == RARE_COUNT


def test_texts_are_of_8_to_20_words_and_some_are_not_ascii() -> None:
    texts = [content.text for content in contents("texts", 1_000)]
    assert {len(text.split()) for text in texts} == set(range(8, 21))
    assert 50 < sum(not text.isascii() for text in texts) < 950


def test_few_senders_send_much_and_many_send_little() -> None:
    senders = Counter(content.sender for content in contents("senders", 10_000))
    assert 500 < senders.most_common(1)[0][1] < 1_500
    assert len(senders) > 2_000


def test_no_word_of_the_vocabulary_is_special() -> None:
    words = vocabulary()
    assert len(words) == len(set(words)) == 3_000
    assert not [word for word in words if COMMON_PART in word.casefold() or RARE in word]


def test_moments_grow_by_a_thousand_an_hour_up_to_the_last() -> None:
    moments = [moment(index, 2_001) for index in range(2_001)]
    assert moments[-1] == LAST_TS
    assert (moments[1_000] - moments[0]).total_seconds() == 3_600
    assert all(before < after for before, after in pairwise(moments))
