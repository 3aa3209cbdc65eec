"""A PostgreSQL that hangs: it is there, and says nothing."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.support.postgresql.server import PostgresServer
from tests.support.processes import children_of, frozen

__all__ = ["hung"]


@contextmanager
def hung(server: PostgresServer) -> Iterator[None]:
    """Every process of it stands still; whoever connects to its port meanwhile has no answer."""
    with ExitStack() as stack:
        stack.enter_context(frozen(server.pid))  # first: it begins no more
        for process in children_of(server.pid):
            stack.enter_context(frozen(process))
        yield
