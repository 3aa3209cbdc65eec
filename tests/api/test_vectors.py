"""The vectors of the core hold for `POST /webhook`, past the framework and through it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import msgspec
import pytest
from dependency_injector import providers

from lyftr_cli.conformance.cases import Case, vector_cases
from lyftr_cli.conformance.verdict import judge
from lyftr_cli.sending.http_sender import Response
from lyftr_core import parse_timestamp
from lyftr_core.vectors import BodyVectors, SignatureVector, SignatureVectors, load_vectors
from lyftr_http.container import Container
from lyftr_runtime.settings import Secret, Settings, WebhookScheme
from lyftr_runtime.signing import signer_of

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

FILES = load_vectors()
BODIES = [name for name, file in FILES.items() if isinstance(file, BodyVectors)]
SIGNATURES = [name for name, file in FILES.items() if isinstance(file, SignatureVectors)]
WAYS = pytest.mark.parametrize("path", ["/webhook", "/%77ebhook"], ids=["thin", "framework"])


async def send(client: httpx.AsyncClient, path: str, case: Case) -> Response:
    answer = await client.post(path, content=case.request.body, headers=list(case.request.headers))
    assert answer.headers["content-type"] == "application/json"
    return Response(answer.status_code, answer.content)


async def stored(client: httpx.AsyncClient) -> int:
    """Return how many messages there are."""
    return int((await client.get("/messages")).json()["total"])


@WAYS
@pytest.mark.parametrize("group", BODIES)
async def test_every_body_is_answered_as_its_vector_says(
    client: httpx.AsyncClient, settings: Settings, group: str, path: str
) -> None:
    now = parse_timestamp("2026-01-15T09:28:35Z")
    cases = list(
        vector_cases(group, signer_of(settings), secret="", previous=None, clock=lambda: now)
    )
    assert len(cases) > 30
    for case in cases:
        assert isinstance(case, Case)
        answer = await send(client, path, case)
        assert judge(case, answer).is_exact, (case.name, answer)
    assert await stored(client) == sum(vector.accepted for vector in FILES[group].cases)


@WAYS
@pytest.mark.parametrize("group", SIGNATURES)
async def test_every_signature_is_answered_as_its_vector_says(
    serve: Serve, settings: Settings, wire: Callable[..., Container], group: str, path: str
) -> None:
    """With the secret of the file, at the moment that it names."""
    file = FILES[group]
    assert isinstance(file, SignatureVectors)
    configured = msgspec.structs.replace(
        settings,
        webhook_scheme=WebhookScheme(file.scheme),
        webhook_secret=Secret(file.secret),
        webhook_secret_previous=Secret(file.previous_secret),
    )
    container = wire(configured=configured)
    now = parse_timestamp(file.now)
    container.clock.override(providers.Object(lambda: now))
    async with serve(container=container) as client:
        for vector in file.cases:
            assert isinstance(vector, SignatureVector)
            case = Case(
                group=group,
                name=vector.name,
                reason=vector.reason,
                accepted=vector.accepted,
                status=200 if vector.accepted else 401,
                request=vector.request(),
            )
            answer = await send(client, path, case)
            assert judge(case, answer).is_exact, (case.name, answer)
        assert await stored(client) == sum(vector.accepted for vector in file.cases)
