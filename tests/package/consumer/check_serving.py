"""The tests of that team: the server inside its program takes what a sender signs."""

from pathlib import Path

import pytest
import serving
from litestar.testing import AsyncTestClient

from lyftr_core import HexHmacSha256, StorageUnavailable
from lyftr_runtime.settings import Secret, Settings
from lyftr_sqlite import Commit, SqliteStore

BODY = b'{"message_id":"m1","from":"+919876543210","to":"+14155550100","ts":"2026-01-15T09:28:35Z"}'


async def test_the_application_takes_a_webhook(tmp_path: Path) -> None:
    settings = Settings(
        webhook_secret=Secret("secret"),
        database_url=f"sqlite:///{tmp_path}/inbox.db",
        allowed_hosts=("testserver.local",),  # the name that the client gives
    )
    headers = dict(HexHmacSha256("secret").signature_headers(BODY))
    async with AsyncTestClient(serving.application(settings)) as client:
        assert (await client.post("/webhook", content=BODY, headers=headers)).status_code == 200
        assert (await client.get("/messages")).json()["total"] == 1


async def test_the_ports_of_a_store_are_those_of_the_core(tmp_path: Path) -> None:
    async with SqliteStore(f"sqlite:///{tmp_path}/inbox.db") as store:
        _, reader, probe = serving.ports(store)
        assert await reader.get("m1") is None
        assert await probe.check() is None


def test_a_new_file_has_no_faults(tmp_path: Path) -> None:
    assert serving.maintain(f"sqlite:///{tmp_path}/inbox.db") == ()


def test_a_file_in_no_folder_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        serving.maintain(f"sqlite:///{tmp_path}/missing/inbox.db")


def test_wrong_settings_end_the_program() -> None:
    with pytest.raises(SystemExit, match="PORT"):
        serving.settings_of({"PORT": "none"})


def test_a_commit_says_what_it_did() -> None:
    assert serving.note(Commit(created=1, size=2, seconds=0.5)) == "1 of 2 in 0.5 s"


@pytest.mark.parametrize(("text", "is_long"), [("secret", False), ("0123456789abcdef" * 2, True)])
def test_a_short_secret_is_told(text: str, *, is_long: bool) -> None:
    assert serving.is_long(Secret(text)) is is_long
