import pytest

from lyftr_core import (
    CheckReadiness,
    HexHmacSha256,
    InMemoryMessageRepository,
    Readiness,
    SecretProbe,
    SignatureScheme,
    UnconfiguredScheme,
)


class FaultyProbe:
    async def check(self) -> str | None:
        return "not answering"


async def test_ready_where_every_check_is_well() -> None:
    check = CheckReadiness(
        {
            "database": InMemoryMessageRepository(),
            "webhook_secret": SecretProbe(HexHmacSha256("secret")),
        }
    )
    readiness = await check()
    assert readiness == Readiness({"database": None, "webhook_secret": None})
    assert readiness.ready


async def test_one_fault_is_enough_to_be_unready_and_every_check_is_told() -> None:
    check = CheckReadiness(
        {"database": FaultyProbe(), "webhook_secret": InMemoryMessageRepository()}
    )
    readiness = await check()
    assert readiness == Readiness({"database": "not answering", "webhook_secret": None})
    assert not readiness.ready


async def test_nothing_to_check_is_ready() -> None:
    assert (await CheckReadiness({})()).ready


@pytest.mark.parametrize(
    ("scheme", "fault"),
    [(HexHmacSha256("secret"), None), (UnconfiguredScheme(), "not configured")],
)
async def test_secret_is_missing_where_the_scheme_has_none(
    scheme: SignatureScheme, fault: str | None
) -> None:
    assert await SecretProbe(scheme).check() == fault
