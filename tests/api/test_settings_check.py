"""Settings made by a program: an application refuses what no variable could have set."""

from pathlib import Path
from typing import Any, cast

import pytest

from lyftr_http.app import create_app
from lyftr_runtime.settings import InvalidSettings, Secret, Settings, WebhookScheme, load_settings
from lyftr_runtime.settings_check import check_settings

CANARY = "canary"
SECRET = Secret("0123456789abcdef")
NUMBERS = [
    *("port", "database_pool_size", "request_timeout", "shutdown_timeout", "retention_days"),
    *("max_webhooks_in_flight", "max_reads_in_flight", "max_streams"),
]
NO_NUMBERS: list[object] = [
    *(-1, 10**9, 2**63, 10**5000, 1.5, float("nan"), float("inf"), "10", None, True, b"1"),
]
WRONG: list[tuple[str, object]] = [
    *((field, value) for field in NUMBERS for value in NO_NUMBERS),
    *(("webhook_secret", value) for value in (CANARY, b"x", 1, Secret(""), Secret("\ud800"))),
    ("webhook_secret", Secret(cast("Any", b"x"))),
    ("webhook_secret_previous", CANARY),
    *(("webhook_scheme", value) for value in ("standard", "lyftr", CANARY, None)),
    *(
        ("database_url", value)
        for value in (None, 1, Path("lyftr.db"), "", "lyftr.db", "mysql://x/y")
    ),
    *(("database_url", value) for value in ("sqlite://", "sqlite:///a\0b", "postgresql://a:b/c")),
    ("database_read_url", "postgresql://db/x"),
    *(("host", value) for value in (None, 1, "", b"127.0.0.1", SECRET)),
    *(("log_level", value) for value in ("LOUD", "info", 20, None)),
    *(("log_format", value) for value in ("xml", "JSON", None)),
    *(("api_tokens", value) for value in (CANARY, (CANARY,), [SECRET], None, SECRET, (b"x",))),
    *(("api_tokens", (Secret(value),)) for value in ("", "a b", " a", "a,b", "é", "a\n")),
    *(("allow_anonymous_reads", value) for value in ("true", 1, 0, None)),
    *(("allowed_hosts", value) for value in ("example.com", ["a"], (1,), ("",), ("a,b",), (" a",))),
]


@pytest.mark.parametrize(("field", "value"), WRONG, ids=lambda value: type(value).__name__)
def test_a_wrong_value_is_refused_when_the_application_is_made(field: str, value: Any) -> None:  # noqa: ANN401 - any at all
    with pytest.raises(InvalidSettings, match=rf"^{field} \w") as caught:
        create_app(Settings(**{field: value}))
    assert "\n" not in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_secret_that_is_plain_text_is_told_what_to_be() -> None:
    mistake: Any = "x"
    with pytest.raises(InvalidSettings, match=r"^webhook_secret must be Secret \| None, not str$"):
        create_app(Settings(webhook_secret=mistake))


def test_what_a_wrong_value_holds_is_told() -> None:
    tokens: Any = ("x", SECRET)
    with pytest.raises(InvalidSettings, match=r"tuple\[Secret, ...\], not tuple of str and "):
        create_app(Settings(api_tokens=tokens))
    with pytest.raises(InvalidSettings, match=r"must be Secret \| None, not Secret of int$"):
        create_app(Settings(webhook_secret=Secret(cast("Any", 5))))


@pytest.mark.parametrize("mistake", [None, {}, "x", Settings])
def test_only_settings_make_an_application(mistake: Any) -> None:  # noqa: ANN401 - any at all
    with pytest.raises(TypeError, match=r"must be lyftr_runtime.settings.Settings, not \w+$"):
        create_app(mistake)
    if mistake is not None:
        with pytest.raises(TypeError, match=r"must be an instance of Container, not \w+$"):
            create_app(Settings(), mistake)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InvalidSettings, match=r"^port .*; log_level .*; allowed_hosts "):
        create_app(Settings(port=-1, log_level="loud", allowed_hosts=("a/b",)))


def test_secrets_are_looked_at_together() -> None:
    scheme = WebhookScheme.STANDARD
    with pytest.raises(InvalidSettings, match=r"^webhook_secret must be whsec_ .* webhook_scheme "):
        create_app(Settings(webhook_secret=SECRET, webhook_scheme=scheme))
    with pytest.raises(InvalidSettings, match=r"^webhook_secret_previous needs webhook_secret "):
        create_app(Settings(webhook_secret_previous=SECRET))


def test_what_variables_set_is_taken() -> None:
    check_settings(Settings())
    check_settings(
        load_settings(
            {
                "WEBHOOK_SECRET": "whsec_cw==",
                "WEBHOOK_SECRET_PREVIOUS": "whsec_cHM=",
                "WEBHOOK_SCHEME": "standard",
                "API_TOKENS": "a, b==",
                "ALLOWED_HOSTS": "*, a.example, [::1]",
                "ALLOW_ANONYMOUS_READS": "TRUE",
                "LOG_LEVEL": "debug",
                "RETENTION_DAYS": "36500",
                "PORT": "0",
            }
        )
    )
    check_settings(load_settings({"WEBHOOK_SECRET": "\udcff"}))  # a byte that is no UTF-8


def test_a_field_without_a_rule_is_noticed() -> None:
    """Each field has a variable, and so a rule."""
    wrong: Any = object()
    for field in Settings.__struct_fields__:
        with pytest.raises(InvalidSettings, match=f"^{field} "):
            check_settings(Settings(**{field: wrong}))
