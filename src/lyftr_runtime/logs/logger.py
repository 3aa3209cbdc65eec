"""Structured logs on standard output: JSON lines, or coloured text for people.

structlog writes everything. What libraries say through the standard library's logging is sent
the same way.
"""

import logging
import sys
from collections.abc import MutableMapping
from functools import partial
from typing import Any

import msgspec
import structlog

from lyftr_runtime.logs.json_renderer import JsonRenderer, in_words
from lyftr_runtime.logs.line_writer import LineWriter
from lyftr_runtime.settings import Settings

__all__ = ["create_logger", "route_standard_logging"]


def create_logger(settings: Settings) -> structlog.typing.FilteringBoundLogger:
    """Make the logger of an application. It writes its lines as `LineWriter` does."""
    people = settings.log_format == "console"
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        LineWriter(sys.stdout.buffer),
        processors=_for_people() if people else [JsonRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        context_class=dict,
    )
    # Bound now, since structlog else does it anew for every line.
    return logger.bind()


def route_standard_logging(logger: structlog.typing.FilteringBoundLogger, level: str) -> None:
    """Send the standard library's logging through `logger`, warnings of Python too."""
    root = logging.getLogger()
    root.handlers = [_Forward(logger)]
    root.setLevel(level)
    logging.captureWarnings(capture=True)


class _Forward(logging.Handler):
    def __init__(self, logger: structlog.typing.FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a faulty log call must not fail what it reports on
            self.handleError(record)
            return
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        self._logger.log(level, message, logger=record.name, exc_info=record.exc_info)


def _for_people() -> list[structlog.typing.Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        _as_in_json,
        _escape_control_characters,
        # Where rich is installed, structlog would show the values of all local variables too.
        structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
        partial(_encode, sys.stdout.encoding),
    ]


def _as_in_json(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Show each value as a JSON line has it: 401, where Python shows `<HTTPStatus.…: 401>`."""
    for key, value in event.items():
        if key != "exc_info":
            event[key] = msgspec.to_builtins(value, enc_hook=in_words)
    return event


def _escape_control_characters(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep what a client sent from moving the cursor or renaming the window of a terminal."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable() and key != "exception":
            event[key] = value.encode("unicode_escape").decode()
    return event


def _encode(encoding: str, _logger: object, _method: str, line: object) -> bytes:
    return str(line).encode(encoding, "backslashreplace")
