import importlib
import pkgutil
from types import ModuleType

import pytest

import lyftr_core
import lyftr_core.testing
import lyftr_core.vectors
import lyftr_core.vectors.signing

# What adapters and the kit need of each other, and what no user of the library does.
INTERNAL = {
    "CONTENT_FIELDS",
    "DEFAULT_CONFLICTS",
    "DataRefused",
    "DEFAULT_LIMIT",
    "E164_PATTERN",
    "KeyedHmac",
    "MAX_CONFLICTS",
    "MAX_DEPTH",
    "MAX_KEPT_SEQ",
    "MAX_LIMIT",
    "MAX_MESSAGE_ID_LENGTH",
    "MAX_OFFSET",
    "MAX_QUERY_LENGTH",
    "MAX_SEQ",
    "MAX_SEQ_IN_FILES",
    "MAX_TEXT_LENGTH",
    "Record",
    "SECRET_PREFIX",
    "TOLERANCE",
    "UNIX_TIME",
    "RECENT_HOURS",
    "TIMESTAMP_PATTERN",
    "check_message_id",
    "check_moment",
    "check_phone_number",
    "check_range",
    "check_search_text",
    "found_in",
    "highlighted",
    "check_surrogates",
    "check_text",
    "check_timestamp",
    "decode_secret",
    "encode_secret",
    "faults_of",
    "from_microseconds",
    "hash_fields",
    "message_id_of",
    "nests_too_deep",
    "raw_body",
    "read_fields",
    "require_aware",
    "require_clock",
    "require_extra",
    "require_request",
    "to_microseconds",
}
# Modules that are imported by their names: the kit and the vectors, which users import so, and what
# adapters and programs need and no user of the library does.
APART = {"database", "testing", "vectors", "wire"}
MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(lyftr_core.__path__, "lyftr_core.")
    if found.name.split(".")[1] not in APART and not found.ispkg
]


def case_last(name: str) -> tuple[bool, bool, str]:
    """Return ruff's order of `__all__`: constants, classes, functions."""
    return name.islower(), not name.isupper(), name


def test_core_exports_what_its_modules_do() -> None:
    offered = {name for module in MODULES for name in module.__all__}
    assert set(lyftr_core.__all__) == offered - INTERNAL
    assert offered >= INTERNAL


def test_core_exports_each_name_once() -> None:
    names = [name for module in MODULES for name in module.__all__]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "module",
    [
        lyftr_core,
        *(importlib.import_module(f"lyftr_core.{name}") for name in sorted(APART)),
        *MODULES,
    ],
    ids=lambda module: module.__name__,
)
def test_exported_names_are_sorted_and_exist(module: ModuleType) -> None:
    assert list(module.__all__) == sorted(module.__all__, key=case_last)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_exported_names_of_core_are_these() -> None:
    assert lyftr_core.__all__ == [
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


def test_exported_names_of_the_testing_kit_are_these() -> None:
    assert lyftr_core.testing.__all__ == [
        "InvalidBody",
        "RemovalContract",
        "RepositoryContract",
        "RepositoryMachine",
        "bodies",
        "invalid_bodies",
        "message_filters",
        "message_ids",
        "messages",
        "moments",
        "phone_numbers",
        "selections",
        "signed_requests",
        "standard_signed_requests",
        "texts",
        "timestamps",
    ]


def test_exported_names_of_the_vectors_are_these() -> None:
    assert lyftr_core.vectors.__all__ == [
        "BodyVector",
        "BodyVectors",
        "Content",
        "ExpectedFault",
        "ExpectedMessage",
        "Piece",
        "SignatureVector",
        "SignatureVectors",
        "Signing",
        "content_bytes",
        "load_vectors",
    ]
    assert lyftr_core.vectors.signing.__all__ == ["SecretMissing", "sign_again"]
