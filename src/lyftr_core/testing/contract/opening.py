"""What the contract asks of whoever runs it: a way to open an empty repository."""

from contextlib import AbstractAsyncContextManager

from hypothesis import HealthCheck, settings

from lyftr_core.ports import MessageReader, MessageWriter

__all__ = ["Opening", "contract_settings"]

contract_settings: settings = settings(
    max_examples=30,
    deadline=None,  # an adapter may be as slow as its disk
    # Each subclass of the contract runs the same function. An example opens its own repository,
    # so nothing passes from one to the next. A slow machine is no fault of the adapter either.
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)
"""For the property tests of the contract: few examples, as each opens a repository."""


class Opening:
    """The base of each part of the contract."""

    # Not abstract: pytest leaves abstract classes out in silence.
    def open_repository(self) -> AbstractAsyncContextManager[tuple[MessageWriter, MessageReader]]:
        """Open a fresh and empty repository, and close it at the end of the context.

        It is called once in most tests and many times in some; what one call stored, another must
        not see. The reader must see what the writer has committed.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement open_repository")
