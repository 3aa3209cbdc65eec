from lyftr_core import ComputeStats, InMemoryMessageRepository, SenderCount, Stats
from lyftr_core.testing.samples import NOON, fill, sample


async def test_figures_are_those_of_the_reader() -> None:
    repository = InMemoryMessageRepository()
    await fill(repository, [sample("a", sender="+12"), sample("b", sender="+12")])
    assert await ComputeStats(repository)() == Stats(
        total_messages=2,
        senders_count=1,
        messages_per_sender=(SenderCount("+12", 2),),
        first_message_ts=NOON,
        last_message_ts=NOON,
    )
