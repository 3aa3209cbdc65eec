"""How the OpenAPI document describes the headers that sign a webhook, for each scheme."""

from collections.abc import Mapping, Sequence

from litestar.openapi.spec import OpenAPIType, Parameter, Schema

from lyftr_http.settings import WebhookScheme

__all__ = ["SIGNATURE_PARAMETERS"]


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
