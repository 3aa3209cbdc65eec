import pickle

import pytest

from lyftr_core import (
    Fault,
    FaultCode,
    InvalidInput,
    InvalidMessage,
    InvalidQuery,
    InvalidSignature,
    InvalidTimestamp,
    LyftrError,
    SchemaMismatch,
    SecretNotConfigured,
    StorageError,
    StorageUnavailable,
)
from lyftr_core.errors import DataRefused


@pytest.mark.parametrize(
    ("error", "parent"),
    [
        (InvalidSignature, LyftrError),
        (SecretNotConfigured, LyftrError),
        (InvalidInput, LyftrError),
        (InvalidInput, ValueError),
        (InvalidMessage, InvalidInput),
        (InvalidQuery, InvalidInput),
        (StorageError, LyftrError),
        (StorageUnavailable, StorageError),
        (DataRefused, StorageUnavailable),
        (SchemaMismatch, StorageError),
    ],
)
def test_errors_form_a_tree(error: type[Exception], parent: type[Exception]) -> None:
    assert issubclass(error, parent)


def test_kinds_of_errors_do_not_overlap() -> None:
    kinds = (InvalidSignature, SecretNotConfigured, InvalidMessage, InvalidQuery, StorageError)
    for kind in kinds:
        assert [other for other in kinds if issubclass(kind, other)] == [kind]


def test_invalid_input_says_every_fault() -> None:
    error = InvalidMessage(
        [Fault("from", FaultCode.MISSING, "is required"), Fault(None, FaultCode.TOO_DEEP, "no")]
    )
    assert str(error) == "from: is required; input: no"
    assert len(error.faults) == 2


def test_missing_secret_is_told_in_one_sentence() -> None:
    assert str(SecretNotConfigured()) == "no webhook secret is configured"


def test_codes_of_faults_are_stable() -> None:
    assert [str(code) for code in FaultCode] == [
        "conflicting",
        "control_character",
        "cursor_mismatch",
        "invalid_csv",
        "invalid_cursor",
        "invalid_json",
        "invalid_utf8",
        "lone_surrogate",
        "missing",
        "no_such_time",
        "not_a_choice",
        "not_an_integer",
        "not_an_object",
        "not_e164",
        "not_rfc3339",
        "nul_character",
        "out_of_range",
        "repeated",
        "too_deep",
        "too_long",
        "too_short",
        "wrong_type",
    ]


@pytest.mark.parametrize(
    "error",
    [
        InvalidSignature(),
        SecretNotConfigured(),
        InvalidMessage([Fault("from", FaultCode.NOT_E164, "must be one")]),
        InvalidTimestamp(FaultCode.NO_SUCH_TIME, "must exist"),
        StorageUnavailable("full"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_crosses_from_process_to_process(error: Exception) -> None:
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    assert type(copied) is type(error)
    assert str(copied) == str(error)
    assert copied.args == error.args
    assert vars(copied) == vars(error)
