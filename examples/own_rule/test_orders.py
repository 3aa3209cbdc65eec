"""The rule holds for every message that the core takes, and not only for those one thinks of.

The strategies of `lyftr_core.testing` make any message. Narrowed by their keywords, they make
those that a rule is about; `bodies(of=...)` then writes them as JSON in every way there is.
"""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.own_rule.orders import COUNTRY, KEYWORD, parse_order
from lyftr_core import (
    AddOutcome,
    HexHmacSha256,
    IngestMessage,
    InMemoryMessageRepository,
    InvalidMessage,
    Message,
    SignedRequest,
    VerifiedBody,
)
from lyftr_core.testing import bodies, messages, phone_numbers, signed_requests, texts

senders = phone_numbers(country_code=COUNTRY.removeprefix("+"))
order_texts = texts(max_size=200).map(KEYWORD.__add__)
orders = messages(sender=senders, text=order_texts)

foreigners = phone_numbers().filter(lambda number: not number.startswith(COUNTRY))
other_texts = st.none() | texts().filter(lambda text: not text.startswith(KEYWORD))


@given(st.data(), orders)
def test_every_order_is_taken_and_nothing_of_it_is_lost(
    data: st.DataObject, order: Message
) -> None:
    body = data.draw(bodies(of=st.just(order)))
    assert parse_order(VerifiedBody(body)) == order


@given(bodies(of=messages(sender=foreigners, text=order_texts)))
def test_no_order_comes_from_another_country(body: bytes) -> None:
    assert faulty_fields(body) == ["from"]


@given(bodies(of=messages(sender=senders, text=other_texts)))
def test_no_order_is_without_the_keyword(body: bytes) -> None:
    assert faulty_fields(body) == ["text"]


@given(bodies(of=messages(sender=foreigners, text=other_texts)))
def test_every_fault_is_named_and_not_only_the_first(body: bytes) -> None:
    assert faulty_fields(body) == ["from", "text"]


@given(
    bodies(of=messages(sender=senders | foreigners, text=order_texts | other_texts)) | st.binary()
)
def test_whatever_comes_is_an_order_or_is_refused(body: bytes) -> None:
    try:
        order = parse_order(VerifiedBody(body))
    except InvalidMessage:
        return
    assert order.sender.startswith(COUNTRY)
    assert (order.text or "").startswith(KEYWORD)


@given(signed_requests("secret", of=bodies(of=orders)))
def test_every_signed_order_is_stored(request: SignedRequest) -> None:
    scheme, repository = HexHmacSha256("secret"), InMemoryMessageRepository()
    ingest = IngestMessage(scheme, repository, lambda: datetime.now(UTC), parse=parse_order)
    assert asyncio.run(ingest(request)).outcome is AddOutcome.CREATED


def faulty_fields(body: bytes) -> list[str | None]:
    """Return the fields for which a body is refused."""
    with pytest.raises(InvalidMessage) as caught:
        parse_order(VerifiedBody(body))
    return [fault.field for fault in caught.value.faults]
