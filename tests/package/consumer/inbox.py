"""An inbox of another team, on the core: its own storage, its own rule, its own answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import assert_type

from lyftr_core import (
    BUSIEST_SENDERS,
    AddOutcome,
    CheckReadiness,
    Clock,
    ComputeStats,
    Conflict,
    ConflictPage,
    Fault,
    FaultCode,
    GetMessage,
    HexHmacSha256,
    HourCount,
    Ingested,
    IngestMessage,
    InMemoryMessageRepository,
    InvalidInput,
    InvalidMessage,
    InvalidQuery,
    InvalidSignature,
    InvalidTimestamp,
    ListConflicts,
    ListMessages,
    LogPage,
    LogRequest,
    LogRun,
    LogSelection,
    LyftrError,
    Matches,
    Message,
    MessageFilter,
    MessageReader,
    MessageRemover,
    MessageWriter,
    Order,
    Page,
    PageRequest,
    Position,
    Readiness,
    ReadinessProbe,
    ReadLog,
    Removal,
    RemovalStep,
    RemoveMessages,
    RequestSigner,
    SchemaMismatch,
    SecretNotConfigured,
    SecretProbe,
    Selection,
    SenderCount,
    SignatureScheme,
    SignedRequest,
    SigningKey,
    StandardWebhooks,
    Stats,
    StorageError,
    StorageUnavailable,
    StoredMessage,
    UnconfiguredScheme,
    VerifiedBody,
    content_hash,
    decode_cursor,
    differing_fields,
    encode_cursor,
    format_timestamp,
    parse,
    parse_timestamp,
    recent_hours,
)


def now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


CLOCK: Clock = now


class CountingRepository:
    """A store of this team's own: what another keeps, and how often it was asked."""

    def __init__(self) -> None:
        self._kept = InMemoryMessageRepository()
        self.added = 0

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        """Keep a message."""
        self.added += 1
        return await self._kept.add(message, received_at=received_at)

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return a message."""
        return await self._kept.get(message_id)

    async def select(self, selection: Selection) -> Matches:
        """Return messages."""
        return await self._kept.select(selection)

    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return messages in the order of commit."""
        return await self._kept.read_log(selection)

    async def last_seq(self) -> int:
        """Return the end of the log."""
        return await self._kept.last_seq()

    async def stats(self) -> Stats:
        """Return figures."""
        return await self._kept.stats()

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        """Return conflicts."""
        return await self._kept.conflicts(limit)

    async def check(self) -> str | None:
        """Return what is missing."""
        return None


REPOSITORY = CountingRepository()
WRITER: MessageWriter = REPOSITORY
READER: MessageReader = REPOSITORY
PROBE: ReadinessProbe = REPOSITORY


def scheme_named(name: str, secret: str) -> SignatureScheme:
    """Choose a scheme."""
    if name == "standard":
        return StandardWebhooks(secret, previous=None, clock=now, tolerance=timedelta(minutes=5))
    return HexHmacSha256(secret, previous=b"bytes too") if secret else UnconfiguredScheme()


def parse_order(body: VerifiedBody) -> Message:
    """Take orders only."""
    message = assert_type(parse(body), Message)
    if not (message.text or "").startswith("ORDER "):
        raise InvalidMessage([Fault("text", FaultCode.NOT_A_CHOICE, "must begin with ORDER")])
    return message


def sent(signer: RequestSigner, body: bytes) -> SignedRequest:
    """Do what a sender does."""
    return SignedRequest.from_text(
        assert_type(signer.signature_headers(body), "list[tuple[str, str]]"), body
    )


async def answer(ingest: IngestMessage, request: SignedRequest) -> tuple[int, Mapping[str, object]]:
    """Turn a request into a status and a document."""
    try:
        ingested = assert_type(await ingest(request), Ingested)
    except InvalidSignature:
        return 401, {}
    except InvalidMessage as exc:
        faults = assert_type(exc.faults, "tuple[Fault, ...]")
        return 422, {str(fault.field): fault.code.value for fault in faults}
    except (StorageUnavailable, SecretNotConfigured):
        return 503, {}
    return 200, {ingested.message_id: assert_type(ingested.outcome, AddOutcome).value}


async def look_around(query: MessageFilter) -> list[str]:
    """Use every way of reading."""
    request = PageRequest(limit=10, order=Order.DESCENDING, with_total=False)
    page = assert_type(await ListMessages(READER)(query, request), Page)
    stored = assert_type(await GetMessage(READER)("m1"), "StoredMessage | None")
    log = assert_type(await ReadLog(READER)(query, LogRequest(after=0, limit=10)), LogPage)
    stats = assert_type(await ComputeStats(READER)(), Stats)
    conflicts = assert_type(await ListConflicts(READER)(5), ConflictPage)
    ready = assert_type(
        await CheckReadiness({"store": PROBE, "secret": SecretProbe(UnconfiguredScheme())})(),
        Readiness,
    )
    busiest: tuple[SenderCount, ...] = stats.messages_per_sender[:BUSIEST_SENDERS]
    hours: tuple[HourCount, ...] = stats.messages_per_hour
    seen = [item.message.message_id for item in page.items]
    seen += [item.message.message_id for item in log.items]
    seen += [f"{busy.sender} {busy.count}" for busy in busiest]
    seen += [f"{format_timestamp(hour.hour)} {hour.count}" for hour in hours if hour.count]
    seen += [",".join(conflict.fields) for conflict in conflicts.items]
    seen += [str(stored.seq) if stored else "none", str(ready.ready)]
    return seen


async def forget(remover: MessageRemover, number: str) -> int:
    """Remove what was sent from or to a number, and say how far that is."""
    remove = RemoveMessages(remover)
    done: list[RemovalStep] = []
    removed = assert_type(await remove(Removal(number=number), done.append), int)
    assert assert_type(await remove.scrub(), bool)
    assert removed == sum(step.removed for step in done)
    return assert_type(await remove.count(Removal(received_before=now())), int)


def stays_of(message: Message) -> int:
    """Return what is kept of a removed message."""
    return assert_type(content_hash(message), int)


def continue_behind(position: Position, query: MessageFilter) -> Position:
    """Write a cursor and read it again."""
    cursor = assert_type(encode_cursor(position, query, Order.ASCENDING), str)
    return assert_type(decode_cursor(cursor, query, Order.ASCENDING), Position)


def differences(first: Message, second: Message) -> tuple[str, ...]:
    """Name what differs."""
    return assert_type(differing_fields(first, second), "tuple[str, ...]")


def hours_until(text: str) -> list[datetime]:
    """Read a timestamp, and count back."""
    try:
        return assert_type(recent_hours(parse_timestamp(text)), "list[datetime]")
    except InvalidTimestamp as exc:
        raise InvalidQuery([Fault("until", exc.code, exc.msg)]) from exc


def kind_of(error: LyftrError) -> str:
    """Tell errors apart."""
    if isinstance(error, InvalidInput):
        return error.faults[0].code
    if isinstance(error, SchemaMismatch):
        return "migrate"
    return "retry" if isinstance(error, StorageError) else "other"


IS_CURRENT = VerifiedBody(b"{}").key is SigningKey.CURRENT
