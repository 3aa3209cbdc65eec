import asyncio

import pytest

from lyftr_core import (
    CheckReadiness,
    HexHmacSha256,
    InMemoryMessageRepository,
    Readiness,
    SecretProbe,
    SignatureScheme,
    UnconfiguredScheme,
)


class FaultyProbe:
    async def check(self) -> str | None:
        return "not answering"


async def test_ready_where_every_check_is_well() -> None:
    check = CheckReadiness(
        {
            "database": InMemoryMessageRepository(),
            "webhook_secret": SecretProbe(HexHmacSha256("secret")),
        }
    )
    readiness = await check()
    assert readiness == Readiness({"database": None, "webhook_secret": None})
    assert readiness.ready


async def test_one_fault_is_enough_to_be_unready_and_every_check_is_told() -> None:
    check = CheckReadiness(
        {"database": FaultyProbe(), "webhook_secret": InMemoryMessageRepository()}
    )
    readiness = await check()
    assert readiness == Readiness({"database": "not answering", "webhook_secret": None})
    assert not readiness.ready


class CountingProbe:
    """Answers how often it was asked; the first time it fails to answer."""

    def __init__(self) -> None:
        self.asked = 0

    async def check(self) -> str | None:
        self.asked += 1
        if self.asked == 1:
            raise RuntimeError("a fault in the probe")
        return f"asked {self.asked} times"


async def test_a_result_is_kept_for_a_second_and_an_error_is_not() -> None:
    now = 0.0
    check = CheckReadiness({"database": CountingProbe()}, clock=lambda: now)
    with pytest.raises(RuntimeError):
        await check()
    for now, times in ((0.0, 2), (0.9, 2), (1.0, 3), (1.9, 3), (2.0, 4)):  # noqa: B007 - the clock
        assert (await check()).faults == {"database": f"asked {times} times"}


class SlowProbe:
    """Answers when a test lets it, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.goes_on = asyncio.Event()

    async def check(self) -> str | None:
        self.asked += 1
        await self.goes_on.wait()
        return None


@pytest.mark.parametrize("keep", [1.0, 0.0])
async def test_one_check_answers_all_who_ask_meanwhile(keep: float) -> None:
    probe = SlowProbe()
    check = CheckReadiness({"database": probe}, keep=keep)
    asking = [asyncio.create_task(check()) for _ in range(20)]
    await asyncio.sleep(0)
    probe.goes_on.set()
    assert {id(found) for found in await asyncio.gather(*asking)} == {id(await asking[0])}
    assert probe.asked == 1


async def test_who_goes_away_leaves_the_others_their_answer() -> None:
    probe = SlowProbe()
    check = CheckReadiness({"database": probe})
    first, *others = [asyncio.create_task(check()) for _ in range(20)]
    await asyncio.sleep(0)
    first.cancel()
    probe.goes_on.set()
    assert all(found.ready for found in await asyncio.gather(*others))
    assert first.cancelled()
    assert probe.asked == 2


def test_one_check_serves_one_event_loop_after_another() -> None:
    check = CheckReadiness({"database": InMemoryMessageRepository()}, keep=0)

    async def ask_at_once() -> list[Readiness]:
        return await asyncio.gather(*(check() for _ in range(20)))

    for _ in range(3):
        assert all(found.ready for found in asyncio.run(ask_at_once()))


async def test_nothing_is_kept_where_that_is_asked_for() -> None:
    check = CheckReadiness({"database": CountingProbe()}, keep=0, clock=lambda: 0.0)
    with pytest.raises(RuntimeError):
        await check()
    results = [await check() for _ in range(2)]
    assert [found.faults["database"] for found in results] == ["asked 2 times", "asked 3 times"]


async def test_nothing_to_check_is_ready() -> None:
    assert (await CheckReadiness({})()).ready


@pytest.mark.parametrize(
    ("scheme", "fault"),
    [(HexHmacSha256("secret"), None), (UnconfiguredScheme(), "not configured")],
)
async def test_secret_is_missing_where_the_scheme_has_none(
    scheme: SignatureScheme, fault: str | None
) -> None:
    assert await SecretProbe(scheme).check() == fault
