"""`create_app` and the container: nothing happens before the lifespan begins."""

import io
import os
import subprocess
import sys
from collections import UserDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from lyftr_core import InMemoryMessageRepository, StorageUnavailable
from lyftr_http.app import create_app
from lyftr_http.container import Container
from lyftr_runtime.settings import Settings

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]


class _Watched(UserDict[str, str]):
    """An environment that remembers what was looked up in it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.asked.append(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.append(str(name))
        return super().__contains__(name)


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_an_application_is_made_without_opening_a_file(tmp_path: Path, settings: Settings) -> None:
    assert isinstance(create_app(settings), Litestar)
    assert _names(tmp_path) == []


def test_an_application_is_made_without_writing_a_line(
    wire: Callable[..., Container], settings: Settings, output: io.BytesIO
) -> None:
    create_app(settings, wire())
    assert output.getvalue() == b""


def test_an_application_is_made_without_reading_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = _Watched()
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", watched)
        create_app(settings)
    assert watched.asked == []


def test_variables_of_the_framework_change_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITESTAR_DEBUG", "1")
    monkeypatch.setenv("LITESTAR_PDB", "1")
    app = create_app(settings)
    assert (app.debug, app.pdb_on_exception) == (False, False)


def test_importing_makes_no_application_and_starts_nothing() -> None:
    code = (
        "import sys, threading, logging, lyftr_http.app, lyftr_http.container;"
        "assert threading.active_count() == 1;"
        "assert not logging.getLogger().handlers"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


async def test_a_folder_that_does_not_exist_stops_the_start_and_is_not_made(
    serve: Serve, settings: Settings, tmp_path: Path
) -> None:
    lost = msgspec.structs.replace(settings, database_url=f"sqlite:///{tmp_path}/none/inbox.db")
    with pytest.RaisesGroup(StorageUnavailable, flatten_subgroups=True):
        async with serve(configured=lost):
            pass
    assert _names(tmp_path) == []


async def test_an_application_refuses_everything_while_its_lifespan_does_not_run(
    wire: Callable[..., Container],
    settings: Settings,
    transport: Callable[[object], httpx.AsyncBaseTransport],
    signed: Signed,
    lines: Callable[[], list[dict[str, Any]]],
    tmp_path: Path,
) -> None:
    app = create_app(settings, wire())
    how = "in the lifespan of the application that mounts it: async with app.lifespan(): yield"
    async with httpx.AsyncClient(transport=transport(app), base_url="http://t") as client:

        async def refuses_everything() -> None:
            for answer in (
                await client.post("/webhook", **signed()),
                await client.get("/messages"),
                await client.get("/health/ready"),
            ):
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
                assert how in answer.json()["detail"]

        await refuses_everything()
        assert all(how in line["error"] and line["level"] == "warning" for line in lines())
        assert _names(tmp_path) == []
        for _ in range(2):
            async with app.lifespan():
                assert (await client.post("/webhook", **signed())).status_code == 200
            await refuses_everything()


async def test_a_second_lifespan_is_refused_and_the_first_goes_on(
    wire: Callable[..., Container],
    settings: Settings,
    transport: Callable[[object], httpx.AsyncBaseTransport],
    signed: Signed,
) -> None:
    wiring = wire()
    app = create_app(settings, wiring)
    async with (
        httpx.AsyncClient(transport=transport(app), base_url="http://t") as client,
        app.lifespan(),
    ):
        for other in (app, create_app(settings, wiring)):
            with pytest.raises(RuntimeError, match="of this lyftr application is running already"):
                await other.lifespan().__aenter__()
        assert (await client.post("/webhook", **signed())).status_code == 200
        assert (await client.get("/messages")).json()["total"] == 1
        assert (await client.get("/health/ready")).status_code == 200


async def test_messages_are_there_after_a_restart(
    serve: Serve, signed: Signed, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    async with serve() as client:
        await client.post("/webhook", **signed())
    async with serve() as client:
        assert (await client.get("/messages/m1")).status_code == 200
        await client.post("/webhook", **signed())
    assert [line["result"] for line in lines() if "result" in line] == ["created", "duplicate"]


async def test_a_store_of_ones_own_takes_the_place_of_the_database(
    serve: Serve, signed: Signed, tmp_path: Path
) -> None:
    repository = InMemoryMessageRepository()
    async with serve(repository) as client:
        await client.post("/webhook", **signed())
        assert (await client.get("/stats")).json()["total_messages"] == 1
    assert await repository.get("m1") is not None
    assert _names(tmp_path) == []


@pytest.mark.parametrize("prefix", ["sqlite:///", "sqlite+aiosqlite:///"])
async def test_both_ways_to_name_the_database_mean_the_same_file(
    serve: Serve, settings: Settings, tmp_path: Path, prefix: str
) -> None:
    named = msgspec.structs.replace(settings, database_url=f"{prefix}{tmp_path}/named.db")
    async with serve(configured=named) as client:
        assert (await client.get("/health/ready")).status_code == 200
    assert _names(tmp_path) == ["named.db"]
