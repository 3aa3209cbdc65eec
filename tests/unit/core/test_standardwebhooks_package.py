"""The package `standardwebhooks` and this scheme understand each other."""

from datetime import UTC, datetime, timedelta
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from lyftr_core import SignedRequest, StandardWebhooks
from lyftr_core.signatures.standard_webhooks import encode_secret
from lyftr_core.testing import bodies

KEYS = st.binary(min_size=1, max_size=100)
# White space around the value of a header does not arrive.
IDS = st.text(st.characters(codec="utf-8", exclude_characters="."), min_size=1).filter(
    lambda text: text == text.strip(" \t")
)
TEXTS = bodies().map(bytes.decode) | st.text(st.characters(codec="utf-8"))
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9990, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis takes bounds without a time zone
OFFSETS = st.timedeltas(timedelta(seconds=-298), timedelta(seconds=298))


@given(key=KEYS, webhook_id=IDS, text=TEXTS, moment=MOMENTS, offset=OFFSETS)
def test_what_the_package_signs_is_accepted(
    key: bytes, webhook_id: str, text: str, moment: datetime, offset: timedelta
) -> None:
    scheme = StandardWebhooks(encode_secret(key), clock=lambda: moment + offset)
    signature = Webhook(encode_secret(key)).sign(webhook_id, moment, text)
    request = SignedRequest(
        (
            (b"webhook-id", webhook_id.encode()),
            (b"webhook-timestamp", str(floor(moment.timestamp())).encode()),
            (b"webhook-signature", signature.encode()),
        ),
        text.encode(),
    )
    assert scheme.verify(request).content == text.encode()


@given(key=KEYS, text=TEXTS)
def test_the_package_accepts_what_is_signed_here(key: bytes, text: str) -> None:
    scheme = StandardWebhooks(encode_secret(key), clock=lambda: datetime.now(UTC))
    headers = dict(scheme.signature_headers(text.encode()))
    package = Webhook(encode_secret(key))
    package.verify(text, headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        package.verify(text + " ", headers, json_parse=False)
