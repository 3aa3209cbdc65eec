"""What Litestar cannot see of the API: the parameters and the body that lyftr reads itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIType,
    Operation,
    Parameter,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat

from lyftr_core import Order, __version__
from lyftr_core.message import E164_PATTERN, MAX_MESSAGE_ID_LENGTH
from lyftr_core.selection import MAX_QUERY_LENGTH
from lyftr_core.timestamps import TIMESTAMP_PATTERN
from lyftr_core.use_cases.follow import MAX_SEQ
from lyftr_core.use_cases.list import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from lyftr_http.api.parameters import LAST_EVENT_ID
from lyftr_http.exchange.errors import ERRORS, TokenRequired
from lyftr_runtime.settings import WebhookScheme

__all__ = [
    "BEARER",
    "MESSAGE_ID",
    "PHONE_NUMBER",
    "SIGNATURE_PARAMETERS",
    "TIMESTAMP",
    "GetMessageOperation",
    "ListMessagesOperation",
    "StreamOperation",
    "openapi_document",
    "problems",
]


def _header(name: str, pattern: str, description: str) -> Parameter:
    return Parameter(
        name=name,
        param_in="header",
        required=True,
        description=description,
        schema=Schema(type=OpenAPIType.STRING, pattern=pattern),
    )


SIGNATURE_PARAMETERS: Mapping[WebhookScheme, Sequence[Parameter]] = {
    WebhookScheme.LYFTR: [
        _header(
            "X-Signature",
            r"^(sha256=)?[0-9a-fA-F]{64}$",
            "Hex digits of HMAC-SHA256(secret, raw body), `sha256=` before them allowed.",
        )
    ],
    WebhookScheme.STANDARD: [
        _header(
            "webhook-id",
            r"^[!-\-/-~]+$",
            "Visible ASCII characters without a full stop; it is signed, and says nothing else.",
        ),
        _header(
            "webhook-timestamp",
            r"^(0|[1-9][0-9]{0,11})$",
            "Seconds since 1970, at most five minutes from now.",
        ),
        _header(
            "webhook-signature",
            r"^([!-~]+ )*v1,[0-9A-Za-z+/]{43}=( [!-~]+)*$",
            "`v1,` and the base64 of HMAC-SHA256(key, `id.timestamp.body`); others may stand"
            " beside it, separated by spaces.",
        ),
    ],
}


BEARER = "bearer"
"""The name of the security scheme of what only readers with a token may have."""

_RETRY_AFTER = {
    "Retry-After": {"description": "In seconds.", "schema": {"type": "integer", "minimum": 0}}
}

_SECURITY_SCHEMES = {
    BEARER: {"type": "http", "scheme": "bearer", "description": "One of `API_TOKENS`."}
}
_NO_ACCESS = {
    "description": ERRORS[TokenRequired].meaning,
    "headers": {
        "WWW-Authenticate": {"description": "RFC 6750, section 3.", "schema": {"type": "string"}}
    },
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

PHONE_NUMBER = Schema(
    type=OpenAPIType.STRING,
    pattern=f"^{E164_PATTERN}$",
    description="E.164",
    examples=["+919876543210"],
)
TIMESTAMP = Schema(
    type=OpenAPIType.STRING,
    format=OpenAPIFormat.DATE_TIME,
    pattern=f"^{TIMESTAMP_PATTERN}$",
    description="RFC 3339 in UTC, upper-case T and Z",
    examples=["2026-01-15T09:28:35Z"],
)
MESSAGE_ID = Schema(
    type=OpenAPIType.STRING,
    min_length=1,
    max_length=MAX_MESSAGE_ID_LENGTH,
    pattern=r"^[^\u0000-\u001f\u007f-\u009f]+$",
    examples=["m1"],
)


def problems(*kinds: type[Exception]) -> dict[int, ResponseSpec]:
    """Return the error responses of a route.

    Args:
        kinds: The errors that it raises, one for each status.
    """
    return {
        entry.status: ResponseSpec(entry.shape, generate_examples=False, description=entry.meaning)
        for entry in (ERRORS[kind] for kind in kinds)
    }


def openapi_document(
    routes: Sequence[HTTPRouteHandler | Router],
    dependencies: Mapping[str, Provide],
    scheme: WebhookScheme,
) -> dict[str, Any]:
    """Describe the routes as an OpenAPI 3.1 document.

    An application of its own makes it, since one with an OpenAPI configuration also serves pages
    that load scripts from elsewhere.

    Args:
        routes: What is described.
        dependencies: What is injected into them.
        scheme: How webhooks are signed.
    """
    config = OpenAPIConfig(
        title="lyftr",
        version=__version__,
        summary="A webhook inbox for signed text messages.",
        use_handler_docstrings=True,
    )
    app = Litestar(
        routes,
        dependencies=dict(dependencies),
        openapi_config=config,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    document = app.openapi_schema.to_schema()
    for operations in document["paths"].values():
        for operation in operations.values():
            if unavailable := operation["responses"].get("503"):
                unavailable["headers"] = _RETRY_AFTER
            if operation.get("security"):
                operation["responses"]["401"] = _NO_ACCESS
                document["components"]["securitySchemes"] = _SECURITY_SCHEMES
    signature = [parameter.to_schema() for parameter in SIGNATURE_PARAMETERS[scheme]]
    document["paths"]["/webhook"]["post"]["parameters"] = signature
    return document


@dataclass
class GetMessageOperation(Operation):
    """`GET /messages/{message_id}`."""

    def __post_init__(self) -> None:
        self.parameters = [
            Parameter(name="message_id", param_in="path", required=True, schema=MESSAGE_ID)
        ]
        # Litestar adds it for any parameter; the identifier is read by us, and a bad one is 422.
        (self.responses or {}).pop("400", None)


@dataclass
class ListMessagesOperation(Operation):
    """`GET /messages`."""

    def __post_init__(self) -> None:
        self.parameters = [
            *_filters(),
            _query("limit", _LIMIT, "At most how many messages."),
            _query("offset", _OFFSET, "How many messages to leave out; not with `cursor`."),
            _query(
                "cursor",
                _or_empty(_CURSOR),
                "`next_cursor` of a page with these filters.",
            ),
            _query("after", _SEQ, "In the order of commit, behind this `seq`; 0 is the beginning."),
            _query("order", _ORDER, "By `ts`, then `message_id`."),
            _query("total", _TOTAL, "Whether to count all messages that pass the filters."),
        ]


@dataclass
class StreamOperation(Operation):
    """`GET /stream`."""

    def __post_init__(self) -> None:
        self.parameters = [
            *_filters(),
            _query("after", _SEQ, "Begin behind this `seq`, else with what comes from now on."),
            Parameter(
                name=LAST_EVENT_ID,
                param_in="header",
                schema=_SEQ,
                description="As `after`, which it overrides: the id of the last event that came.",
            ),
        ]


def _filters() -> list[Parameter]:
    return [
        _query("from", _or_empty(PHONE_NUMBER), "Only messages of this sender."),
        _query("to", _or_empty(PHONE_NUMBER), "Only messages to this recipient."),
        _query("since", _or_empty(TIMESTAMP), "Only messages with this `ts` or a later one."),
        _query("until", _or_empty(TIMESTAMP), "Only messages with a `ts` before this one."),
        _query("q", _or_empty(_SEARCH), "Only messages whose text holds this in any case."),
    ]


_SEARCH = Schema(
    type=OpenAPIType.STRING, min_length=1, max_length=MAX_QUERY_LENGTH, pattern=r"^[^\u0000]+$"
)
_LIMIT = Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT)
_OFFSET = Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=MAX_OFFSET, default=0)
_SEQ = Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=MAX_SEQ)
_CURSOR = Schema(type=OpenAPIType.STRING, min_length=1)
_ORDER = Schema(type=OpenAPIType.STRING, enum=[o.value for o in Order], default="asc")
_TOTAL = Schema(type=OpenAPIType.BOOLEAN, default=True)


def _or_empty(schema: Schema) -> Schema:
    """Allow the empty string too, which counts as absent."""
    return Schema(any_of=[schema, Schema(type=OpenAPIType.STRING, max_length=0)])


def _query(name: str, schema: Schema, description: str) -> Parameter:
    return Parameter(name=name, param_in="query", schema=schema, description=description)
