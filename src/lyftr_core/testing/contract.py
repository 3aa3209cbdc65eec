"""The contract of a repository: everything that `lyftr_core.ports` says, as tests."""

from lyftr_core.testing.adding import AddingContract
from lyftr_core.testing.comparison import ComparisonContract
from lyftr_core.testing.concurrency import ConcurrencyContract
from lyftr_core.testing.conflicts import ConflictsContract
from lyftr_core.testing.filtering import FilteringContract
from lyftr_core.testing.ordering import OrderingContract
from lyftr_core.testing.paging import PagingContract
from lyftr_core.testing.sequences import SequencesContract
from lyftr_core.testing.stats import StatsContract

__all__ = ["RepositoryContract"]


class RepositoryContract(
    AddingContract,
    ConcurrencyContract,
    ConflictsContract,
    OrderingContract,
    FilteringContract,
    PagingContract,
    StatsContract,
    ComparisonContract,
    SequencesContract,
):
    """Tests of a `MessageWriter` and a `MessageReader` over the same store.

    Subclass it under a name that pytest collects, and implement `open_repository`. The tests are
    coroutines on asyncio: run them by pytest-asyncio in its auto mode, or by anyio's plugin with
    `pytest.mark.anyio` on the subclass. What they cannot check is that a commit survives the loss
    of power.

    Example:
        class TestMyRepository(RepositoryContract):
            @asynccontextmanager
            async def open_repository(self) -> AsyncIterator[tuple[MessageWriter, MessageReader]]:
                async with MyRepository() as repository:
                    yield repository, repository
    """
