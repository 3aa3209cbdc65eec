import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from lyftr_core import (
    AddOutcome,
    Clock,
    Fault,
    FaultCode,
    HexHmacSha256,
    Ingested,
    IngestMessage,
    InMemoryMessageRepository,
    InvalidMessage,
    InvalidSignature,
    Message,
    SecretNotConfigured,
    SignatureScheme,
    SignedRequest,
    StorageUnavailable,
    UnconfiguredScheme,
    VerifiedBody,
    parse,
)
from lyftr_core.testing import signed_requests
from lyftr_core.testing.strategies.samples import FIELDS, NOON, sample

SCHEME = HexHmacSha256("secret")
RECEIVED_AT = NOON + timedelta(minutes=5)


class UnavailableWriter:
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        raise StorageUnavailable("full")


def just_after_noon() -> datetime:
    return RECEIVED_AT


def ingestion(
    repository: InMemoryMessageRepository,
    *,
    scheme: SignatureScheme = SCHEME,
    clock: Clock = just_after_noon,
) -> IngestMessage:
    return IngestMessage(scheme, repository, clock)


def request_of(fields: object, *, signature: str | None = None) -> SignedRequest:
    body = json.dumps(fields).encode()
    return SignedRequest.from_text([("X-Signature", signature or SCHEME.sign(body))], body)


async def test_new_message_is_created_with_its_time_of_receipt() -> None:
    repository = InMemoryMessageRepository()
    ingested = await ingestion(repository)(request_of(FIELDS))
    assert ingested == Ingested("m1", AddOutcome.CREATED)
    stored = await repository.get("m1")
    assert stored is not None
    assert (stored.message, stored.received_at) == (sample(), RECEIVED_AT)


async def test_second_delivery_is_a_duplicate_though_time_has_passed() -> None:
    repository = InMemoryMessageRepository()
    times = iter([NOON, NOON + timedelta(hours=1)])
    ingest = ingestion(repository, clock=lambda: next(times))
    await ingest(request_of(FIELDS))
    again = request_of(dict(reversed(FIELDS.items())) | {"unknown": 1})
    assert await ingest(again) == Ingested("m1", AddOutcome.DUPLICATE)


async def test_other_content_is_a_conflict_and_the_first_is_kept() -> None:
    repository = InMemoryMessageRepository()
    ingest = ingestion(repository)
    await ingest(request_of(FIELDS))
    ingested = await ingest(request_of(FIELDS | {"text": "other"}))
    assert ingested == Ingested("m1", AddOutcome.CONFLICT)
    stored = await repository.get("m1")
    assert stored is not None
    assert stored.message == sample()


@pytest.mark.parametrize("fields", [FIELDS, {}, None])
async def test_signature_is_looked_at_before_the_body(fields: object) -> None:
    repository = InMemoryMessageRepository()
    with pytest.raises(InvalidSignature):
        await ingestion(repository)(request_of(fields, signature="0" * 64))
    assert (await repository.stats()).total_messages == 0


@pytest.mark.parametrize("fields", [FIELDS, {}])
async def test_without_a_secret_nothing_is_taken(fields: object) -> None:
    repository = InMemoryMessageRepository()
    with pytest.raises(SecretNotConfigured):
        await ingestion(repository, scheme=UnconfiguredScheme())(request_of(fields))
    assert (await repository.stats()).total_messages == 0


async def test_invalid_body_is_refused_and_not_stored() -> None:
    repository = InMemoryMessageRepository()
    with pytest.raises(InvalidMessage) as caught:
        await ingestion(repository)(request_of(FIELDS | {"from": "1", "to": "2"}))
    assert [fault.field for fault in caught.value.faults] == ["from", "to"]
    assert (await repository.stats()).total_messages == 0


def only_from_india(body: VerifiedBody) -> Message:
    message = parse(body)
    if not message.sender.startswith("+91"):
        raise InvalidMessage([Fault("from", FaultCode.NOT_A_CHOICE, "must begin with +91")])
    return message


async def test_rule_of_a_user_stands_on_top_of_ours() -> None:
    repository = InMemoryMessageRepository()
    ingest = IngestMessage(SCHEME, repository, just_after_noon, parse=only_from_india)
    assert (await ingest(request_of(FIELDS))).outcome is AddOutcome.CREATED
    for sender, code in (("+14155550100", FaultCode.NOT_A_CHOICE), ("1", FaultCode.NOT_E164)):
        with pytest.raises(InvalidMessage) as caught:
            await ingest(request_of(FIELDS | {"message_id": "m2", "from": sender}))
        assert [(fault.field, fault.code) for fault in caught.value.faults] == [("from", code)]
    assert (await repository.stats()).total_messages == 1


async def test_error_of_the_store_reaches_the_caller() -> None:
    ingest = IngestMessage(SCHEME, UnavailableWriter(), just_after_noon)
    with pytest.raises(StorageUnavailable, match="full"):
        await ingest(request_of(FIELDS))


@given(signed_requests("secret"))
async def test_every_rightly_signed_message_is_stored(request_: SignedRequest) -> None:
    repository = InMemoryMessageRepository()
    ingest = ingestion(repository)
    ingested = await ingest(request_)
    assert ingested.outcome is AddOutcome.CREATED
    stored = await repository.get(ingested.message_id)
    assert stored is not None
    assert stored.message == parse(VerifiedBody(request_.body))
    assert (await ingest(request_)).outcome is AddOutcome.DUPLICATE
