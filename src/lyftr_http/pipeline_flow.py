"""Reading from a connection only as fast as its requests are answered."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl

__all__ = ["PipelineFlow"]


class PipelineFlow(FlowControl):
    """Reads nothing while requests of the connection wait for the ones before them.

    uvicorn's own reads on after each answer, however many requests wait: a client that sends them
    faster than they are answered would fill the memory.

    Args:
        transport: What reads.
        is_waiting: Whether requests wait.
    """

    def __init__(self, transport: asyncio.Transport, is_waiting: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._is_waiting = is_waiting

    def resume_reading(self) -> None:
        """Read on, unless requests wait."""
        if self.read_paused and not self._is_waiting():
            super().resume_reading()
