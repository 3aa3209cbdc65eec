"""The contract of a repository: everything that `lyftr_core.ports` says, as tests."""

import pytest

from lyftr_core.testing.contract.adding import AddingContract
from lyftr_core.testing.contract.comparison import ComparisonContract
from lyftr_core.testing.contract.concurrency import ConcurrencyContract
from lyftr_core.testing.contract.conflicts import ConflictsContract
from lyftr_core.testing.contract.filtering import FilteringContract
from lyftr_core.testing.contract.log import LogContract
from lyftr_core.testing.contract.ordering import OrderingContract
from lyftr_core.testing.contract.paging import PagingContract
from lyftr_core.testing.contract.sequences import SequencesContract
from lyftr_core.testing.contract.stats import StatsContract

__all__ = ["RepositoryContract"]


class RepositoryContract(
    AddingContract,
    ConcurrencyContract,
    ConflictsContract,
    OrderingContract,
    FilteringContract,
    PagingContract,
    LogContract,
    StatsContract,
    ComparisonContract,
    SequencesContract,
):
    """Tests of a `MessageWriter` and a `MessageReader` over the same store.

    Subclass it under a name that pytest collects, and implement `open_repository`. One of the
    tests runs a `RepositoryMachine`, so there is no need to subclass that as well; only a machine
    of your own can close the repository and open it again. What none of them can check is that a
    commit survives the loss of power.

    The tests are coroutines. They are run by

    - pytest-asyncio in its auto mode, or in its strict mode with `pytest.mark.asyncio` on the
      subclass,
    - the plugin of anyio with `pytest.mark.anyio` on the subclass (and `-p no:asyncio` where
      pytest-asyncio in its auto mode would take them as well).

    They need asyncio: under anyio's plugin they run on that backend alone, not on trio.

    Example:
        class TestMyRepository(RepositoryContract):
            @asynccontextmanager
            async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
                async with MyRepository() as repository:
                    yield repository, repository
    """

    @pytest.fixture(scope="session")
    @staticmethod
    def anyio_backend() -> str:
        """Tell the plugin of anyio, where it is, to run the contract on asyncio alone."""
        return "asyncio"
