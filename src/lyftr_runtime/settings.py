"""Configuration: environment variables, and a `.env` file that the environment overrides."""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final, final

import msgspec

from lyftr_core.extras import require_extra

require_extra("lyftr_runtime", "server", "dotenv")

from lyftr_core.signatures.standard_webhooks import decode_secret
from lyftr_runtime.dotenv_file import read_dotenv

__all__ = [
    "VARIABLES",
    "InvalidSettings",
    "Secret",
    "Settings",
    "WebhookScheme",
    "load_settings",
]

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_FORMATS = ("json", "console")
_HIGHEST_PORT = 65_535
_LONGEST = 3_600
_MOST_WAITING = 10_000
_MOST_CONNECTIONS = 1_000
_SECONDS = " of seconds"
_DAYS = " of days"
_MOST_DAYS = 36_500
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""`b64token` of RFC 6750, section 2.1."""
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._\-]*[A-Za-z0-9_.])?")
_STANDARD_FORM = "must be whsec_ and then padded base64"


class InvalidSettings(ValueError):
    """Some variables have values that are not taken; the message names each and says what is."""


class WebhookScheme(StrEnum):
    """How webhooks are signed."""

    LYFTR = "lyftr"
    STANDARD = "standard"


@final
class Secret:
    """A string that shows itself to nobody by accident."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value: Final = value

    @property
    def key(self) -> bytes:
        """The bytes of the variable, those too that are not UTF-8."""
        return self.value.encode(errors="surrogateescape")

    def __repr__(self) -> str:
        return "<secret>"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be configured.

    Attributes:
        webhook_secret: Verifies signatures; without it no webhook is taken (`WEBHOOK_SECRET`).
        webhook_secret_previous: Verifies too, while senders go over to the other
            (`WEBHOOK_SECRET_PREVIOUS`).
        webhook_scheme: How they are signed (`WEBHOOK_SCHEME`).
        database_url: `sqlite:///FILE` or `postgresql://…` (`DATABASE_URL`).
        database_read_url: Of a replica, which answers lists, statistics and the page
            (`DATABASE_READ_URL`).
        database_pool_size: How many connections of one process read from PostgreSQL at once
            (`DATABASE_POOL_SIZE`).
        host: The address to listen on (`HOST`).
        port: The port to listen on, 0 for any free one (`PORT`).
        log_level: The lowest level that is written (`LOG_LEVEL`).
        log_format: `json`, or `console` for people (`LOG_FORMAT`).
        request_timeout: How long a request may take to arrive, and an answer may lie unread, in
            seconds (`REQUEST_TIMEOUT`).
        shutdown_timeout: How long a shutdown may take, in seconds (`SHUTDOWN_TIMEOUT`).
        max_webhooks_in_flight: How many webhooks may wait for their commit at once in one process
            (`MAX_WEBHOOKS_IN_FLIGHT`).
        max_reads_in_flight: How many requests for messages and statistics may be worked on at once
            in one process (`MAX_READS_IN_FLIGHT`).
        max_streams: How many streams of messages may be open at once in one process
            (`MAX_STREAMS`).
        api_tokens: One of them lets read message data; none lets everybody (`API_TOKENS`).
        allow_anonymous_reads: Whether `lyftr serve` starts without tokens where others can
            reach it (`ALLOW_ANONYMOUS_READS`).
        allowed_hosts: Hosts under which reads that are open on a loopback address are answered
            too; `*` is all (`ALLOWED_HOSTS`).
        retention_days: For how many days messages are kept, 0 for ever (`RETENTION_DAYS`).
    """

    webhook_secret: Secret | None = None
    webhook_secret_previous: Secret | None = None
    webhook_scheme: WebhookScheme = WebhookScheme.LYFTR
    database_url: str = "sqlite:///lyftr.db"
    database_read_url: Secret | None = None
    database_pool_size: int = 5
    host: str = "127.0.0.1"
    port: int = 8000
    log_level: str = "INFO"
    log_format: str = "json"
    request_timeout: int = 10
    shutdown_timeout: int = 10
    max_webhooks_in_flight: int = 10_000
    max_reads_in_flight: int = 256
    max_streams: int = 400
    api_tokens: tuple[Secret, ...] = ()
    allow_anonymous_reads: bool = False
    allowed_hosts: tuple[str, ...] = ()
    retention_days: int = 0

    def __repr__(self) -> str:
        """Show them all, but for what may hold a password."""
        shown = msgspec.structs.asdict(self)
        if not self.database_url.startswith("sqlite"):
            shown["database_url"] = Secret(self.database_url)
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def load_settings(
    environ: Mapping[str, str],
    dotenv: Path | None = None,
    *,
    check_secrets: bool = True,
    names: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings.

    Args:
        environ: The environment variables. An empty one is as if absent.
        dotenv: A file of further variables, for what `environ` does not set.
        check_secrets: Whether to refuse secrets that the scheme does not take.
        names: What the error calls a variable; its own name where this has none.

    Raises:
        InvalidSettings: Some values are not taken. The message names every one and repeats none.
            Or the file cannot be read; the message names it and the line.
    """
    try:
        file = read_dotenv(dotenv, VARIABLES) if dotenv else {}
    except ValueError as exc:
        raise InvalidSettings(str(exc)) from None
    values: dict[str, object] = {}
    refusals: list[str] = []
    for variable, (field, read) in VARIABLES.items():
        text = environ.get(variable) or file.get(variable)
        if text:
            try:
                values[field] = read(text)
            except ValueError as exc:
                refusals.append(f"{variable} {exc}")
    settings = msgspec.convert(values, Settings, dec_hook=lambda _type, value: value)
    if check_secrets:
        refusals.extend(refuse_secrets(settings, names or {}))
    if refusals:
        raise InvalidSettings("; ".join(refusals))
    return settings


def refuse_secrets(settings: Settings, names: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with the secrets, each by itself right, in one another's company.

    Args:
        settings: They hold the secrets.
        names: What to call a variable; its own name where this has none.
    """
    current, previous = settings.webhook_secret, settings.webhook_secret_previous
    secret, secret_previous, scheme = (
        names.get(name, name)
        for name in ("WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS", "WEBHOOK_SCHEME")
    )
    if previous and not current:
        yield f"{secret_previous} needs {secret} beside it"
    if settings.webhook_scheme is WebhookScheme.STANDARD:
        for name, value in ((secret, current), (secret_previous, previous)):
            if value and not _is_standard(value):
                yield f"{name} {_STANDARD_FORM}, as {scheme} is standard"


def _is_standard(secret: Secret) -> bool:
    try:
        decode_secret(secret.value)
    except ValueError:
        return False
    return True


def _number(lowest: int, highest: int, unit: str = "") -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"must be a number{unit} from {lowest} to {highest}")
        return int(text)

    return read


def _one_of(choices: tuple[str, ...], fold: Callable[[str], str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if fold(text) not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return fold(text)

    return read


def _tokens(text: str) -> tuple[Secret, ...]:
    tokens = [token.strip(" ") for token in text.split(",")]
    if not all(_TOKEN.fullmatch(token) for token in tokens):
        raise ValueError(
            "must be tokens with commas between them, each of letters, digits and -._~+/"
            " with any number of = at its end"
        )
    return tuple(Secret(token) for token in tokens)


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(host.strip(" ") for host in text.split(","))
    if not all(host == "*" or _HOST.fullmatch(host) or _is_ipv6(host) for host in hosts):
        raise ValueError(
            "must be host names or addresses with commas between them, without a port, or *"
        )
    return hosts


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _boolean(text: str) -> bool:
    return _one_of(("true", "false"), str.lower)(text) == "true"


VARIABLES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "WEBHOOK_SECRET": ("webhook_secret", Secret),
    "WEBHOOK_SECRET_PREVIOUS": ("webhook_secret_previous", Secret),
    "WEBHOOK_SCHEME": ("webhook_scheme", _one_of(tuple(WebhookScheme), str.lower)),
    "DATABASE_URL": ("database_url", str),
    "DATABASE_READ_URL": ("database_read_url", Secret),
    "DATABASE_POOL_SIZE": ("database_pool_size", _number(1, _MOST_CONNECTIONS)),
    "HOST": ("host", str),
    "PORT": ("port", _number(0, _HIGHEST_PORT)),
    "LOG_LEVEL": ("log_level", _one_of(_LEVELS, str.upper)),
    "LOG_FORMAT": ("log_format", _one_of(_FORMATS, str.lower)),
    "REQUEST_TIMEOUT": ("request_timeout", _number(1, _LONGEST, _SECONDS)),
    "SHUTDOWN_TIMEOUT": ("shutdown_timeout", _number(2, _LONGEST, _SECONDS)),
    "MAX_WEBHOOKS_IN_FLIGHT": ("max_webhooks_in_flight", _number(1, _MOST_WAITING)),
    "MAX_READS_IN_FLIGHT": ("max_reads_in_flight", _number(1, _MOST_WAITING)),
    "MAX_STREAMS": ("max_streams", _number(1, _MOST_WAITING)),
    "API_TOKENS": ("api_tokens", _tokens),
    "ALLOW_ANONYMOUS_READS": ("allow_anonymous_reads", _boolean),
    "ALLOWED_HOSTS": ("allowed_hosts", _hosts),
    "RETENTION_DAYS": ("retention_days", _number(0, _MOST_DAYS, _DAYS)),
}
"""For each environment variable the field of `Settings` that it sets, and what reads its text."""
