"""The logger: JSON lines or text, and the standard library's logging through it."""

import io
import logging
import re
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from lyftr_http.container import Container
from lyftr_http.exchange.errors import WebhookResult
from lyftr_runtime.logs.logger import create_logger, route_standard_logging
from lyftr_runtime.settings import Secret, Settings

Lines = Callable[[], list[dict[str, Any]]]
Logger = structlog.typing.FilteringBoundLogger


def _fail() -> None:
    raise ValueError("why")


@pytest.fixture
def log(wire: Callable[..., Container]) -> Logger:
    """The logger of an application; what it writes is in `output`."""
    logger: Logger = wire().log()
    return logger


@pytest.fixture
def routed(log: Logger, root_logger: logging.Logger) -> logging.Logger:
    """A logger of the standard library, routed."""
    route_standard_logging(log, "INFO")
    return logging.getLogger("some.library")


def test_a_line_begins_with_time_level_and_event(log: Logger, lines: Lines) -> None:
    log.warning("something", number=1)
    (line,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line.pop("timestamp"))
    assert list(line.items()) == [("level", "warning"), ("event", "something"), ("number", 1)]


def test_each_event_is_one_line_whatever_is_in_it(
    log: Logger, output: io.BytesIO, lines: Lines
) -> None:
    log.info("a\nb\r\u2028c", value="\x1b[31m\n")
    assert output.getvalue().count(b"\n") == 1
    assert b"\x1b" not in output.getvalue()
    assert (lines()[0]["event"], lines()[0]["value"]) == ("a\nb\r\u2028c", "\x1b[31m\n")


def test_what_is_no_json_is_written_as_python_shows_it(log: Logger, lines: Lines) -> None:
    log.info("event", value=1j, nested={"key": {1j}})
    assert (lines()[0]["value"], lines()[0]["nested"]) == ("1j", {"key": ["1j"]})


def test_what_no_utf8_can_carry_does_not_stop_a_line(log: Logger, lines: Lines) -> None:
    log.info("event", value="\udcff")
    assert lines()[0]["event"] == "event"


def test_traceback_is_in_the_line(log: Logger, lines: Lines) -> None:
    try:
        _fail()
    except ValueError:
        log.exception("event")
    assert lines()[0]["exception"].endswith("ValueError: why")


def test_what_is_below_the_level_is_not_written(
    wire: Callable[..., Container], settings: Settings, lines: Lines
) -> None:
    log = wire(None, msgspec.structs.replace(settings, log_level="WARNING")).log()
    log.info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines()] == ["loud"]


def test_libraries_are_written_the_same_way(routed: logging.Logger, lines: Lines) -> None:
    routed.warning("%d of %s, 100%%", 1, "2")
    (line,) = lines()
    assert (line["level"], line["event"], line["logger"]) == (
        *("warning", "1 of 2, 100%", "some.library"),
    )
    assert set(line) == {"timestamp", "level", "event", "logger"}


def test_a_percent_sign_of_a_library_is_only_that(routed: logging.Logger, lines: Lines) -> None:
    routed.error("100% of {braces}")
    assert lines()[0]["event"] == "100% of {braces}"


def test_tracebacks_of_libraries_are_in_their_line(routed: logging.Logger, lines: Lines) -> None:
    try:
        _fail()
    except ValueError:
        routed.exception("failed")
    (line,) = lines()
    assert (line["level"], line["event"]) == ("error", "failed")
    assert line["exception"].endswith("ValueError: why")


def test_libraries_are_filtered_by_the_same_level(routed: logging.Logger, lines: Lines) -> None:
    routed.debug("quiet")
    routed.info("loud")
    assert [line["event"] for line in lines()] == ["loud"]


def test_warnings_of_python_are_written_the_same_way(routed: logging.Logger, lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old way", DeprecationWarning, stacklevel=1)
    (line,) = lines()
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
    assert "DeprecationWarning: old way" in line["event"]


@pytest.mark.parametrize("level", [21, 25, 35, 45, 60, 1_000])
def test_a_level_that_a_library_invented_is_written_too(
    routed: logging.Logger, lines: Lines, level: int
) -> None:
    routed.log(level, "notice")
    assert [line["event"] for line in lines()] == ["notice"]


@pytest.mark.parametrize(
    ("message", "argument"),
    [("%d", "no number"), ("%(name)s", {"other": 1}), ("%s %s", 1), ("%q", 1)],
)
def test_a_faulty_call_of_a_library_does_not_raise_in_the_library(
    routed: logging.Logger,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    argument: object,
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    routed.warning(message, argument)
    routed.warning("next")
    assert lines()[-1]["event"] == "next"


def test_other_handlers_of_the_root_are_gone(log: Logger, root_logger: logging.Logger) -> None:
    root_logger.addHandler(logging.NullHandler())
    route_standard_logging(log, "INFO")
    assert len(root_logger.handlers) == 1


def test_lines_for_people_are_text(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    log = create_logger(msgspec.structs.replace(settings, log_format="console"))
    log.info("listening", port=8000)
    written = capsys.readouterr().out
    assert written.count("\n") == 1
    assert "listening" in written
    assert "port=8000" in written
    assert "\x1b" not in written


_VALUES: list[tuple[object, str]] = [
    (HTTPStatus.UNAUTHORIZED, "401"),
    (WebhookResult.CREATED, "created"),
    ([HTTPStatus.OK, {"result": WebhookResult.CREATED}], "[200, {'result': 'created'}]"),
    (Path("/a/b"), "/a/b"),
    (ip_address("::1"), "::1"),
    (datetime(2026, 1, 15, 9, 28, 35, tzinfo=UTC), "2026-01-15T09:28:35Z"),
    (Secret("canary"), "<secret>"),
    (None, "None"),
    (0.5, "0.5"),
    (True, "True"),
]


@pytest.mark.parametrize(("value", "shown"), _VALUES)
def test_values_for_people_are_those_of_the_json_lines(
    settings: Settings, capsys: pytest.CaptureFixture[str], value: object, shown: str
) -> None:
    create_logger(msgspec.structs.replace(settings, log_format="console")).info("e", value=value)
    assert capsys.readouterr().out.endswith(f" value={shown}\n")


@pytest.mark.parametrize("value", [Path("/a/b"), ip_address("::1")], ids=str)
def test_what_has_a_plain_form_is_written_in_it(log: Logger, lines: Lines, value: object) -> None:
    log.info("event", value=value, nested=[value])
    assert (lines()[0]["value"], lines()[0]["nested"]) == (str(value), [str(value)])


def test_an_error_without_words_is_named(log: Logger, lines: Lines) -> None:
    log.info("event", value=TimeoutError(), other=ValueError("why"))
    assert (lines()[0]["value"], lines()[0]["other"]) == ("TimeoutError()", "why")


def test_tracebacks_for_people_are_text_and_show_no_values(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    log = create_logger(msgspec.structs.replace(settings, log_format="console"))
    canary = "canary"
    try:
        len(canary) / 0
    except ZeroDivisionError as exc:
        log.error("request", exc_info=exc)  # noqa: TRY400 - as the access log logs an error
    written = capsys.readouterr().out
    assert "ZeroDivisionError: division by zero" in written
    assert "'canary'" not in written.replace('canary = "canary"', "")


def test_lines_are_written_to_standard_output_at_once(
    settings: Settings, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    create_logger(settings).info("event")
    written = capsysbinary.readouterr()
    assert written.out.startswith(b'{"timestamp":"')
    assert written.err == b""
    assert sys.stdout.buffer.closed is False


def test_control_characters_for_people_are_escaped(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    log = create_logger(msgspec.structs.replace(settings, log_format="console"))
    log.info("request", path="/\x1b[2J\x07\n\u0085")
    written = capsys.readouterr().out
    assert written.count("\n") == 1
    assert not any(character in written for character in "\x1b\x07\u0085")
