"""`GET /messages`, `GET /messages/{message_id}` and `GET /stats`: what was received."""

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from lyftr_core import (
    ComputeStats,
    GetMessage,
    InvalidQuery,
    ListMessages,
    LogRequest,
    ReadLog,
    StorageUnavailable,
)
from lyftr_core.wire import MessageItem, StatsBody
from lyftr_http.api.openapi import GetMessageOperation, ListMessagesOperation, problems
from lyftr_http.api.parameters import read_list_query, read_message_id
from lyftr_http.exchange.errors import HostNotAllowed, InvalidPath, NoSuchMessage
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.exchange.methods import get
from lyftr_http.exchange.representations import MessageLog, MessagePage

__all__ = ["get_message", "get_stats", "list_messages"]


@get(
    "/stats",
    summary="Get statistics",
    response_description="Figures over all messages.",
    responses=problems(HostNotAllowed, StorageUnavailable),
)
async def get_stats(
    compute_stats: NamedDependency[SkipValidation[ComputeStats]],
    reads_in_flight: NamedDependency[SkipValidation[InFlight]],
) -> StatsBody:
    """Return figures over all messages."""
    with reads_in_flight:
        stats = await compute_stats()
    return StatsBody.of(stats)


@get(
    "/messages",
    summary="List messages",
    operation_class=ListMessagesOperation,
    response_description="One page of the messages that pass the filters, or a part of the log.",
    responses=problems(HostNotAllowed, InvalidQuery, StorageUnavailable),
)
async def list_messages(
    request: Request[None, None, State],
    list_messages: NamedDependency[SkipValidation[ListMessages]],
    read_log: NamedDependency[SkipValidation[ReadLog]],
    reads_in_flight: NamedDependency[SkipValidation[InFlight]],
) -> MessagePage | MessageLog:
    """List the messages that pass the filters, page by page, or in the order of commit."""
    query, part = read_list_query(request.scope["query_string"])
    with reads_in_flight:
        if isinstance(part, LogRequest):
            return MessageLog.of(await read_log(query, part))
        return MessagePage.of(await list_messages(query, part))


@get(
    "/messages/{message_id:str}",
    summary="Get one message",
    operation_class=GetMessageOperation,
    response_description="The message.",
    responses=problems(NoSuchMessage, HostNotAllowed, InvalidPath, StorageUnavailable),
)
async def get_message(
    message_id: FromPath[str],
    get_message: NamedDependency[SkipValidation[GetMessage]],
    reads_in_flight: NamedDependency[SkipValidation[InFlight]],
) -> MessageItem:
    """Get one message by its identifier."""
    identifier = read_message_id(message_id)
    with reads_in_flight:
        stored = await get_message(identifier)
    if stored is None:
        raise NoSuchMessage
    return MessageItem.of(stored)
