"""What follows from each error: the answer, the result of a webhook, the level of the log line."""

import pytest

from lyftr_core import (
    Fault,
    FaultCode,
    InvalidInput,
    InvalidMessage,
    InvalidQuery,
    InvalidSignature,
    SecretNotConfigured,
    StorageError,
    StorageUnavailable,
)
from lyftr_core.errors import DataRefused, SchemaMismatch
from lyftr_http.exchange.errors import (
    ERRORS,
    BodyCutOff,
    BodyTooLarge,
    ClientGone,
    HostNotAllowed,
    InvalidContentLength,
    InvalidHeader,
    InvalidPath,
    InvalidToken,
    NoSuchMessage,
    NotReady,
    NotRunning,
    TokenRequired,
    TooManyInFlight,
    answer_to,
    entry_of,
)
from lyftr_http.exchange.record import RequestRecord

_FAULTS = [Fault("from", FaultCode.MISSING, "is required"), Fault(None, FaultCode.REPEATED, "x")]
_RETRY = {"Retry-After": "1"}
_CHALLENGE = 'Bearer realm="lyftr"'


def _problem(detail: str) -> bytes:
    return b'{"detail":"%b"}' % detail.encode()


@pytest.mark.parametrize(
    ("error", "status", "detail", "headers", "result"),
    [
        (InvalidSignature(), 401, "invalid signature", {}, "invalid_signature"),
        (
            TokenRequired("none"),
            *(401, "a bearer token is required", {"WWW-Authenticate": _CHALLENGE}, "error"),
        ),
        (
            InvalidToken("secret"),
            *(401, "invalid token"),
            *({"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'}, "error"),
        ),
        (
            HostNotAllowed("evil"),
            *(421, "Host 'evil' is not allowed to read here: add it to ALLOWED_HOSTS", {}),
            "error",
        ),
        (NoSuchMessage(), 404, "no such message", {}, "error"),
        (SecretNotConfigured(), 503, "no webhook secret is configured", _RETRY, "unavailable"),
        (StorageUnavailable("disk"), 503, "unavailable, try again", _RETRY, "unavailable"),
        (DataRefused("trigger"), 503, "unavailable, try again", _RETRY, "error"),
        (StorageError("secret"), 500, "internal error", {}, "error"),
        (SchemaMismatch("secret"), 500, "internal error", {}, "error"),
        (TooManyInFlight(), 503, "too many requests at once, try again", _RETRY, "unavailable"),
        (NotRunning(), 503, str(NotRunning()), _RETRY, "error"),
        (BodyTooLarge(), 413, "Request Entity Too Large", {}, "error"),
        (BodyCutOff(), 408, "the request took too long to arrive", {}, "error"),
        (ClientGone(), 499, "client disconnected prematurely", {}, "error"),
        (InvalidContentLength("abc"), 400, "Invalid content-length: 'abc'", {}, "error"),
        (ValueError("secret"), 500, "internal error", {}, "error"),
    ],
)
def test_an_error_has_one_answer_and_one_result(
    error: Exception, status: int, detail: str, headers: dict[str, str], result: str
) -> None:
    answer = answer_to(error)
    assert (answer.status, answer.body, answer.headers) == (status, _problem(detail), headers)
    record = RequestRecord("id", "POST", "/webhook")
    record.is_webhook, record.error = True, error
    assert record.webhook_result == result


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (InvalidMessage(_FAULTS), "body"),
        (InvalidQuery(_FAULTS), "query"),
        (InvalidPath(_FAULTS), "path"),
        (InvalidHeader(_FAULTS), "header"),
    ],
)
def test_every_fault_of_an_input_is_answered_with_its_place(
    error: InvalidInput, place: str
) -> None:
    answer = answer_to(error)
    assert answer.status == 422
    assert answer.body.decode() == (
        f'{{"detail":[{{"loc":["{place}","from"],"msg":"is required","type":"missing"}},'
        f'{{"loc":["{place}"],"msg":"x","type":"repeated"}}]}}'
    )
    result = "validation_error" if place == "body" else "error"
    assert entry_of(error).result == result


def test_a_check_that_failed_is_named_in_the_answer() -> None:
    answer = answer_to(NotReady({"database": "busy"}))
    assert (answer.status, answer.headers) == (503, _RETRY)
    assert answer.body == b'{"detail":"not ready","checks":{"database":"busy"}}'


def test_only_a_refused_signature_or_token_is_logged_as_a_refused_proof() -> None:
    assert {kind for kind, entry in ERRORS.items() if entry.is_refused_proof} == {
        InvalidSignature,
        InvalidToken,
    }


def test_an_answer_that_is_always_the_same_is_encoded_once() -> None:
    assert answer_to(StorageUnavailable("one")) is answer_to(StorageUnavailable("other"))
