"""The contract of `MessageFilter`, as `MessageReader.select` applies it."""

from datetime import timedelta

import pytest

from lyftr_core.selection import MessageFilter
from lyftr_core.testing.opening import Opening
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.samples import NOON, fill, one_that_passes, sample, select_ids

__all__ = ["FilteringContract"]

_TICK = timedelta(microseconds=1)


class FilteringContract(Opening):
    """Each restriction alone, and all of them together."""

    async def test_sender_is_exact(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(n, sender=n, recipient="+99") for n in ("+12", "+123")])
            assert await select_ids(reader, MessageFilter(sender="+12")) == ["+12"]
            assert await select_ids(reader, MessageFilter(sender="+123")) == ["+123"]
            assert await select_ids(reader, MessageFilter(sender="+99")) == []

    async def test_recipient_is_exact(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(n, sender="+99", recipient=n) for n in ("+12", "+123")])
            assert await select_ids(reader, MessageFilter(recipient="+12")) == ["+12"]
            assert await select_ids(reader, MessageFilter(recipient="+123")) == ["+123"]
            assert await select_ids(reader, MessageFilter(recipient="+99")) == []

    async def test_since_is_inclusive(self) -> None:
        async with self.open_repository() as (writer, reader):
            times = {"a": NOON - _TICK, "b": NOON, "c": NOON + _TICK}
            await fill(writer, [sample(name, ts=ts) for name, ts in times.items()])
            assert await select_ids(reader, MessageFilter(since=NOON)) == ["b", "c"]
            assert await select_ids(reader, MessageFilter(since=EARLIEST)) == ["a", "b", "c"]
            assert await select_ids(reader, MessageFilter(since=LATEST)) == []

    async def test_until_is_exclusive(self) -> None:
        async with self.open_repository() as (writer, reader):
            times = {"a": NOON - _TICK, "b": NOON, "c": NOON + _TICK}
            await fill(writer, [sample(name, ts=ts) for name, ts in times.items()])
            assert await select_ids(reader, MessageFilter(until=NOON)) == ["a"]
            assert await select_ids(reader, MessageFilter(until=EARLIEST)) == []
            assert await select_ids(reader, MessageFilter(until=LATEST)) == ["a", "b", "c"]

    async def test_since_and_until_bound_a_half_open_span(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(f"m{n}", ts=NOON + n * _TICK) for n in range(4)])
            span = MessageFilter(since=NOON + _TICK, until=NOON + 3 * _TICK)
            assert await select_ids(reader, span) == ["m1", "m2"]
            assert await select_ids(reader, MessageFilter(since=NOON, until=NOON)) == []
            backwards = MessageFilter(since=NOON + 3 * _TICK, until=NOON)
            assert await select_ids(reader, backwards) == []

    @pytest.mark.parametrize(
        ("q", "found", "passed_over"),
        [
            pytest.param("b", ["b", "abc", "B"], ["", "a", "c"], id="one-character"),
            pytest.param("bc", ["bc", "abcd", "BC"], ["b", "cb", "b c"], id="two-characters"),
            pytest.param("lo wor", ["Hello World"], ["Hello", "lo  wor"], id="across-words"),
            pytest.param("%", ["100%", "%"], ["100", "", "abc"], id="percent"),
            pytest.param("_", ["a_b"], ["ab", "", "a-b"], id="underscore"),
            pytest.param("a%b", ["xa%by"], ["ab", "acb", "a%%b"], id="percent-within"),
            pytest.param("\\", ["C:\\x"], ["C:/x", ""], id="backslash"),
            pytest.param("\\%", ["a\\%"], ["%", "\\", "a%"], id="escaped-percent"),
            pytest.param("'", ["it's"], ["its", '"'], id="quote"),
            pytest.param('"', ['say "hi"'], ["say 'hi'", ""], id="double-quote"),
            pytest.param("' OR 1=1 --", ["x' or 1=1 --"], ["", "1"], id="injection"),
            pytest.param('a AND "b*', ['A and "B*'], ["a b", "a", "b"], id="full-text-syntax"),
            pytest.param("é", ["É", "café", "CAFÉ"], ["e", "E", "e\u0301"], id="e-acute"),
            pytest.param("É", ["é", "É"], ["e", "\u00c8"], id="e-acute-upper"),
            pytest.param("ss", ["ß", "SS", "STRASSE", "straße"], ["s", "s s"], id="ss"),
            pytest.param("ß", ["ss", "SS", "ß", "\u1e9e"], ["s", "b"], id="sharp-s"),
            pytest.param("SSE", ["Straße"], ["Stra se"], id="across-sharp-s"),
            pytest.param("İ", ["İ", "i\u0307"], ["i", "I", "\u0131"], id="dotted-i"),
            pytest.param("i", ["İ", "I", "i"], ["\u0131", "j"], id="i-in-dotted-i"),
            pytest.param("\u03c2", ["\u03a3", "\u03c3", "\u03c2"], ["s"], id="final-sigma"),
            pytest.param("k", ["\u212a"], ["x"], id="kelvin-sign"),
            pytest.param("ﬁ", ["FI", "fish"], ["f", "i"], id="ligature"),
            pytest.param("😀", ["hi 😀!"], ["hi 😁", ""], id="emoji"),
            pytest.param("👩", ["👩\u200d👧"], ["👧"], id="part-of-a-joined-emoji"),
            pytest.param(" ", ["a b"], ["ab", "a\u00a0b", ""], id="space"),
            pytest.param("\n", ["a\nb"], ["a b", ""], id="newline"),
            pytest.param("\x01", ["a\x01"], ["a", ""], id="control-character"),
            pytest.param("a" * 256, ["A" * 4096], ["a" * 255], id="longest"),
        ],
    )
    async def test_q_finds_what_holds_it_whatever_the_case(
        self, q: str, found: list[str], passed_over: list[str]
    ) -> None:
        texts = [*found, *passed_over, None]
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(f"m{n}", text=text) for n, text in enumerate(texts)])
            expected = [f"m{n}" for n in range(len(found))]
            assert await select_ids(reader, MessageFilter(q=q)) == expected

    async def test_q_looks_at_the_text_alone(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample("needle", text="hay"), sample("m2", text=None)])
            for q in ("needle", "+91", "2026", "None", "null", "m2"):
                assert await select_ids(reader, MessageFilter(q=q)) == []

    async def test_all_restrictions_must_hold(self) -> None:
        query, right, wrong = one_that_passes()
        async with self.open_repository() as (writer, reader):
            await fill(writer, wrong)
            assert await select_ids(reader, query) == []
            await fill(writer, [right])
            assert await select_ids(reader, query) == ["right"]
