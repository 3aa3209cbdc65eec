"""`GET /stream`: messages as they come, as Server-Sent Events."""

from typing import Any, cast

from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response.base import ASGIResponse

from lyftr_core import InvalidQuery, StorageUnavailable
from lyftr_http.api.openapi import StreamOperation, problems
from lyftr_http.api.parameters import read_stream_query
from lyftr_http.exchange.errors import HostNotAllowed
from lyftr_http.exchange.methods import get
from lyftr_http.stream.event_stream import EventStream, EventStreams
from lyftr_http.stream.server_sent_events import MEDIA_TYPE

__all__ = ["get_stream"]


class _StreamResponse(Response[str]):
    """What Litestar takes for a response, so that it is described as one: the stream answers."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__("", media_type=MEDIA_TYPE)
        self._stream = stream

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:  # noqa: ANN401 - Litestar's own, none of which matters
        return cast("ASGIResponse", self._stream)


@get(
    "/stream",
    summary="Follow messages as they come",
    operation_class=StreamOperation,
    media_type=MEDIA_TYPE,
    response_description="Server-Sent Events: one `message` for each, with its `seq` as the id.",
    responses=problems(HostNotAllowed, InvalidQuery, StorageUnavailable),
    sync_to_thread=False,
)
def get_stream(
    request: Request[None, None, State],
    event_streams: NamedDependency[SkipValidation[EventStreams]],
) -> Response[str]:
    """Stream the messages that pass the filters, in the order of commit."""
    query, after = read_stream_query(request.scope["query_string"], request.scope["headers"])
    return _StreamResponse(event_streams.open(query, after))
