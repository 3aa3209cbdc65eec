"""The domain of lyftr: signed webhooks that carry text messages, proven, validated, kept once.

No I/O and no framework. The way of a webhook, one type at each stage:

    SignedRequest --verify--> VerifiedBody --parse--> Message --MessageWriter.add--> AddOutcome

`lyftr_core.testing` has the Hypothesis strategies and the repository contract.
"""

from lyftr_core.conflict import Conflict, differing_fields
from lyftr_core.cursor import decode_cursor, encode_cursor
from lyftr_core.errors import (
    Fault,
    FaultCode,
    InvalidInput,
    InvalidMessage,
    InvalidQuery,
    InvalidSignature,
    LyftrError,
    SchemaMismatch,
    SecretNotConfigured,
    StorageError,
    StorageUnavailable,
)
from lyftr_core.memory import InMemoryMessageRepository
from lyftr_core.message import AddOutcome, Message, StoredMessage
from lyftr_core.parsing import parse
from lyftr_core.ports import Clock, MessageReader, MessageRemover, MessageWriter, ReadinessProbe
from lyftr_core.removal import Removal, RemovalStep, content_hash
from lyftr_core.selection import (
    BUSIEST_SENDERS,
    HourCount,
    LogRun,
    LogSelection,
    Matches,
    MessageFilter,
    Order,
    Position,
    Selection,
    SenderCount,
    Stats,
    recent_hours,
)
from lyftr_core.signatures.schemes import (
    HexHmacSha256,
    RequestSigner,
    SignatureScheme,
    SignedRequest,
    SigningKey,
    UnconfiguredScheme,
    VerifiedBody,
)
from lyftr_core.signatures.standard_webhooks import StandardWebhooks
from lyftr_core.timestamps import InvalidTimestamp, format_timestamp, parse_timestamp
from lyftr_core.use_cases.follow import LogPage, LogRequest, ReadLog
from lyftr_core.use_cases.ingest import Ingested, IngestMessage
from lyftr_core.use_cases.list import (
    ComputeStats,
    ConflictPage,
    GetMessage,
    ListConflicts,
    ListMessages,
    Page,
    PageRequest,
)
from lyftr_core.use_cases.readiness import CheckReadiness, Readiness, SecretProbe
from lyftr_core.use_cases.remove import RemoveMessages

__version__ = "0.1.0"

__all__ = [
    "BUSIEST_SENDERS",
    "AddOutcome",
    "CheckReadiness",
    "Clock",
    "ComputeStats",
    "Conflict",
    "ConflictPage",
    "Fault",
    "FaultCode",
    "GetMessage",
    "HexHmacSha256",
    "HourCount",
    "InMemoryMessageRepository",
    "IngestMessage",
    "Ingested",
    "InvalidInput",
    "InvalidMessage",
    "InvalidQuery",
    "InvalidSignature",
    "InvalidTimestamp",
    "ListConflicts",
    "ListMessages",
    "LogPage",
    "LogRequest",
    "LogRun",
    "LogSelection",
    "LyftrError",
    "Matches",
    "Message",
    "MessageFilter",
    "MessageReader",
    "MessageRemover",
    "MessageWriter",
    "Order",
    "Page",
    "PageRequest",
    "Position",
    "ReadLog",
    "Readiness",
    "ReadinessProbe",
    "Removal",
    "RemovalStep",
    "RemoveMessages",
    "RequestSigner",
    "SchemaMismatch",
    "SecretNotConfigured",
    "SecretProbe",
    "Selection",
    "SenderCount",
    "SignatureScheme",
    "SignedRequest",
    "SigningKey",
    "StandardWebhooks",
    "Stats",
    "StorageError",
    "StorageUnavailable",
    "StoredMessage",
    "UnconfiguredScheme",
    "VerifiedBody",
    "content_hash",
    "decode_cursor",
    "differing_fields",
    "encode_cursor",
    "format_timestamp",
    "parse",
    "parse_timestamp",
    "recent_hours",
]
