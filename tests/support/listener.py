"""A client of an event stream, asked as a server would ask the application."""

import asyncio
from typing import Any, Self

__all__ = ["Listener"]

_PATIENCE = 120.0


class Listener:
    """Takes what comes on one stream, until it leaves."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - any ASGI application
        target: str = "/stream",
        method: str = "GET",
        **headers: str,
    ) -> None:
        path, _, query = target.partition("?")
        self._app = app
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "headers": [
                (b"host", b"t"),
                *(
                    (name.lower().replace("_", "-").encode(), value.encode())
                    for name, value in headers.items()
                ),
            ],
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "server": ("t", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "state": {},
        }
        self._left = asyncio.Event()
        self._came = asyncio.Event()
        self._takes = asyncio.Event()
        self._takes.set()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.is_over = False

    async def run(self) -> None:
        """Have it answered to the end, in this very task."""
        await self._app(self._scope, self._receive, self._send)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run())
        await self.until(lambda: bool(self.status))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._left.set()
        self._takes.set()
        await asyncio.wait_for(self._task, _PATIENCE)

    def stall(self) -> None:
        """Take nothing more, but stay."""
        self._takes.clear()

    def go_on(self) -> None:
        """Take what comes again."""
        self._takes.set()

    async def until(self, condition: Any) -> None:  # noqa: ANN401 - a callable without arguments
        """Wait until something has come that makes a condition true."""
        async with asyncio.timeout(_PATIENCE):
            while not condition():
                self._came.clear()
                await self._came.wait()

    async def ids(self, count: int) -> list[str]:
        """Return the identifiers of the messages that came, as soon as there are so many."""
        await self.until(lambda: self.text.count("\nevent: message\n") >= count)
        return [block.partition('"message_id":"')[2].partition('"')[0] for block in self.events]

    @property
    def events(self) -> list[str]:
        """The events that are dispatched, as their text."""
        return [block for block in self.text.split("\n\n") if "\ndata: " in block]

    @property
    def last_event_id(self) -> int:
        """What a client of this stream comes again with."""
        return int(self.text.rpartition("id: ")[2].partition("\n")[0])

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: dict[str, Any]) -> None:
        await self._takes.wait()
        if event["type"] == "http.response.start":
            self.status = event["status"]
            self.headers = {name.decode(): value.decode() for name, value in event["headers"]}
        else:
            self.text += event.get("body", b"").decode()
            self.is_over = not event.get("more_body", False)
        self._came.set()
