from datetime import timedelta

from lyftr_core import ComputeStats, HourCount, InMemoryMessageRepository, SenderCount, Stats
from lyftr_core.testing.strategies.samples import NOON, fill, sample


async def test_figures_are_those_of_the_reader() -> None:
    repository = InMemoryMessageRepository()
    await fill(repository, [sample("a", sender="+12"), sample("b", sender="+12")])
    assert await ComputeStats(repository)() == Stats(
        total_messages=2,
        senders_count=1,
        messages_per_sender=(SenderCount("+12", 2),),
        first_message_ts=NOON,
        last_message_ts=NOON,
        messages_per_hour=tuple(
            HourCount(NOON - timedelta(hours=n), 2 if n == 0 else 0) for n in range(23, -1, -1)
        ),
    )
