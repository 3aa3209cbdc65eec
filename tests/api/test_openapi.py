"""`GET /schema/openapi.json`: the document says what the application does."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_core import InMemoryMessageRepository, StandardWebhooks, StorageUnavailable, __version__
from lyftr_runtime.settings import Secret, Settings, WebhookScheme
from tests.support.listener import Listener

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]

_STATUSES = {
    ("post", "/webhook"): {"200", "401", "413", "422", "503"},
    ("get", "/messages"): {"200", "421", "422", "503"},
    ("get", "/messages/{message_id}"): {"200", "404", "421", "422", "503"},
    ("get", "/stats"): {"200", "421", "503"},
    ("get", "/stream"): {"200", "421", "422", "503"},
    ("get", "/health/live"): {"200"},
    ("get", "/health/ready"): {"200", "503"},
    ("get", "/metrics"): {"200"},
}
_READING = {
    "/messages": ["/messages", "/messages?limit=0", "/messages?cursor=x", "/messages?after=0"],
    "/messages/{message_id}": ["/messages/m1", "/messages/none", "/messages/%00"],
    "/stream": ["/stream?after=x"],
    **{path: [path] for path in ("/stats", "/health/live", "/health/ready", "/metrics")},
}


class _Unavailable(InMemoryMessageRepository):
    async def _fail(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - it never returns
        raise StorageUnavailable("full")

    add = get = select = read_log = last_seq = stats = _fail

    async def check(self) -> str | None:
        return "not answering"


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/schema/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    parsed: dict[str, Any] = answer.json()
    return parsed


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _references(child)


def _resolve(document: dict[str, Any], reference: str) -> Any:  # noqa: ANN401 - any JSON
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def test_every_route_and_its_statuses_are_documented(document: dict[str, Any]) -> None:
    heads = {
        ("head", path): codes for (method, path), codes in _STATUSES.items() if method == "get"
    }
    documented = {(m, path): set(op["responses"]) for m, path, op in _operations(document)}
    assert documented == _STATUSES | heads


def test_the_document_says_what_it_is(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert (document["info"]["title"], document["info"]["version"]) == ("lyftr", __version__)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(_references(document))
    assert references
    assert all(reference.startswith("#/") for reference in references)
    assert all(_resolve(document, reference) for reference in references)


def test_every_operation_is_described_and_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    operations = [operation for _, _, operation in _operations(document)]
    assert all(op["summary"] and op["description"] for op in operations)
    assert all(r["description"] for op in operations for r in op["responses"].values())
    assert len({op["operationId"] for op in operations}) == len(operations)


def test_the_webhook_has_its_body_and_its_signature(document: dict[str, Any]) -> None:
    webhook = document["paths"]["/webhook"]["post"]
    (signature,) = webhook["parameters"]
    assert (signature["name"], signature["in"], signature["required"]) == (
        *("X-Signature", "header", True),
    )
    assert webhook["requestBody"]["required"] is True
    schema = webhook["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {"message_id", "from", "to", "ts", "text"}
    assert set(schema["required"]) == {"message_id", "from", "to", "ts"}
    assert schema.get("additionalProperties", True) is True


async def test_the_headers_that_sign_are_those_of_the_scheme_in_use(
    serve: Serve, settings: Settings, document: dict[str, Any]
) -> None:
    standard = msgspec.structs.replace(
        settings, webhook_scheme=WebhookScheme.STANDARD, webhook_secret=Secret("whsec_cw==")
    )
    async with serve(configured=standard) as client:
        other = (await client.get("/schema/openapi.json")).json()
    parameters = other["paths"]["/webhook"]["post"].pop("parameters")
    assert [(p["name"], p["in"], p["required"]) for p in parameters] == [
        ("webhook-id", "header", True),
        ("webhook-timestamp", "header", True),
        ("webhook-signature", "header", True),
    ]
    signed = StandardWebhooks("whsec_cw==", clock=lambda: datetime.now(UTC))
    for (name, value), parameter in zip(signed.signature_headers(b""), parameters, strict=True):
        assert name == parameter["name"]
        assert re.search(parameter["schema"]["pattern"], value)
    document["paths"]["/webhook"]["post"].pop("parameters")
    assert other == document, "nothing else differs"


def test_every_query_parameter_is_there_and_optional(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/messages"]["get"]["parameters"]
    assert {parameter["in"] for parameter in parameters} == {"query"}
    assert not any(parameter.get("required") for parameter in parameters)
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters}
    assert sorted(schemas) == [
        *("after", "cursor", "from", "limit", "offset", "order"),
        *("q", "since", "to", "total", "until"),
    ]
    limit, offset = schemas["limit"], schemas["offset"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 50)
    assert (offset["minimum"], offset["maximum"]) == (0, 2**63 - 1)
    assert (schemas["after"]["minimum"], schemas["after"]["maximum"]) == (0, 2**63 - 1)
    assert schemas["order"]["enum"] == ["asc", "desc"]


def test_the_stream_has_the_filters_of_messages_and_where_it_begins(
    document: dict[str, Any],
) -> None:
    parameters = document["paths"]["/stream"]["get"]["parameters"]
    assert not any(parameter.get("required") for parameter in parameters)
    assert [(parameter["in"], parameter["name"]) for parameter in parameters] == [
        *(("query", name) for name in ("from", "to", "since", "until", "q", "after")),
        ("header", "Last-Event-ID"),
    ]


def test_the_identifier_is_a_required_part_of_the_path(document: dict[str, Any]) -> None:
    (parameter,) = document["paths"]["/messages/{message_id}"]["get"]["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == (
        *("message_id", "path", True),
    )
    assert (parameter["schema"]["minLength"], parameter["schema"]["maxLength"]) == (1, 255)


async def _post_all(client: httpx.AsyncClient, signed: Signed) -> list[httpx.Response]:
    sent = [
        *(signed(), signed(), signed(text="other"), signed(b"x"), signed(text=1)),
        *({"content": b"{}"}, {"content": bytes(65_537)}),
    ]
    return [await client.post("/webhook", **arguments) for arguments in sent]


async def _stream(client: httpx.AsyncClient) -> httpx.Response:
    async with Listener(client._transport._app) as listener:  # type: ignore[attr-defined] # that of the fixture
        pass
    return httpx.Response(listener.status, headers=listener.headers, text=listener.text)


async def test_every_documented_status_happens_and_no_other(
    serve: Serve, signed: Signed, settings: Settings, document: dict[str, Any]
) -> None:
    bare = msgspec.structs.replace(settings, webhook_secret=None)
    elsewhere = msgspec.structs.replace(settings, allowed_hosts=())
    seen: dict[tuple[str, str], dict[str, httpx.Response]] = {}
    for repository, configured in (
        *((None, settings), (None, bare), (_Unavailable(), settings), (None, elsewhere)),
    ):
        async with serve(repository, configured) as client:
            answers = [(("post", "/webhook"), a) for a in await _post_all(client, signed)]
            for method in ("get", "head"):
                for path, targets in _READING.items():
                    for target in targets:
                        answers.append(((method, path), await client.request(method, target)))  # noqa: PERF401 - it would not be read
            answers.append((("get", "/stream"), await _stream(client)))
            answers.append((("head", "/stream"), await client.head("/stream")))
        for key, answer in answers:
            seen.setdefault(key, {})[str(answer.status_code)] = answer
    operations = {(m, path): op["responses"] for m, path, op in _operations(document)}
    assert {key: set(by_status) for key, by_status in seen.items()} == {
        key: set(responses) for key, responses in operations.items()
    }
    for key, by_status in seen.items():
        for status, answer in by_status.items():
            _assert_as_documented(document, operations[key][status], answer)


def _assert_as_documented(
    document: dict[str, Any], response: dict[str, Any], answer: httpx.Response
) -> None:
    ((media, content),) = response["content"].items()
    assert answer.headers["content-type"].startswith(media)
    if media == "application/json":
        one_of = content["schema"].get("oneOf", [content["schema"]])
        schemas = [_resolve(document, schema["$ref"]) for schema in one_of]
        assert any(
            set(schema["required"]) <= set(answer.json()) == set(schema["properties"])
            for schema in schemas
        )


async def test_asking_for_it_leaves_the_logging_of_the_process_alone(
    client: httpx.AsyncClient, root_logger: logging.Logger
) -> None:
    handlers, level = root_logger.handlers[:], root_logger.level
    await client.get("/schema/openapi.json")
    assert (root_logger.handlers, root_logger.level) == (handlers, level)


async def test_it_is_the_same_each_time(client: httpx.AsyncClient) -> None:
    first = await client.get("/schema/openapi.json")
    assert (await client.get("/schema/openapi.json")).content == first.content
