"""`lyftr sign`: what it prints is what a sender sends."""

import shlex
from pathlib import Path

from standardwebhooks import Webhook

from lyftr_core import HexHmacSha256
from tests.support.server import STANDARD, Lyftr, refusal


def test_sign_signs_standard_input_byte_for_byte(lyftr: Lyftr) -> None:
    body = b'{"text": "\xc3\xa9"}\n'
    done = lyftr("sign", stdin=body, WEBHOOK_SECRET="s")
    assert done.stdout.decode() == HexHmacSha256("s").sign(body) + "\n"


def test_sign_signs_a_file(lyftr: Lyftr, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(b"{}")
    done = lyftr("sign", "body.json", WEBHOOK_SECRET="s")
    assert done.stdout.decode().strip() == HexHmacSha256("s").sign(b"{}")


def test_the_secret_is_read_from_dotenv_too(lyftr: Lyftr, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEBHOOK_SECRET=from a file\n")
    done = lyftr("sign", stdin=b"{}")
    assert done.stdout.decode().strip() == HexHmacSha256("from a file").sign(b"{}")


def test_sign_curl_prints_a_line_that_carries_the_very_body(lyftr: Lyftr) -> None:
    body = b"""{"text": "it's $HOME \\"quoted\\" `x` @"}"""
    done = lyftr("sign", "--curl", stdin=body, WEBHOOK_SECRET="s", PORT="1234")
    words = shlex.split(done.stdout.decode())
    assert words[0] == "curl"
    assert "http://127.0.0.1:1234/webhook" in words
    assert f"X-Signature: {HexHmacSha256('s').sign(body)}" in words
    assert words[-2:] == ["--data-raw", body.decode()]


def test_sign_curl_prints_no_control_character(lyftr: Lyftr) -> None:
    body = b"\x1b]0;title\x07\xff\0%"
    done = lyftr("sign", "--curl", stdin=body, WEBHOOK_SECRET="s")
    command, curl = done.stdout.decode().split(" | ")
    assert command == r"printf '\033]0;title\007\377\000%%'"
    assert f"X-Signature: {HexHmacSha256('s').sign(body)}" in shlex.split(curl)


def test_sign_prints_the_three_headers_of_a_standard_webhook(lyftr: Lyftr) -> None:
    body = b'{"text": "\xc3\xa9"}\n'
    done = lyftr("sign", stdin=body, **STANDARD)
    headers = dict(line.split(": ", 1) for line in done.stdout.decode().splitlines())
    assert list(headers) == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    Webhook(STANDARD["WEBHOOK_SECRET"]).verify(body, headers, json_parse=False)


def test_sign_signs_with_the_current_secret(lyftr: Lyftr) -> None:
    done = lyftr("sign", stdin=b"{}", WEBHOOK_SECRET="new", WEBHOOK_SECRET_PREVIOUS="old")
    assert done.stdout.decode().strip() == HexHmacSha256("new").sign(b"{}")


def test_sign_curl_carries_the_three_headers_of_a_standard_webhook(lyftr: Lyftr) -> None:
    words = shlex.split(lyftr("sign", "--curl", stdin=b"{}", **STANDARD).stdout.decode())
    headers = dict(word.split(": ", 1) for word in words if ": " in word)
    assert headers.pop("Content-Type") == "application/json"
    Webhook(STANDARD["WEBHOOK_SECRET"]).verify(b"{}", headers)


def test_sign_without_a_secret_says_which_variable(lyftr: Lyftr) -> None:
    assert "WEBHOOK_SECRET" in refusal(lyftr("sign"))


def test_sign_of_a_missing_file_says_so(lyftr: Lyftr) -> None:
    assert "nowhere.json" in refusal(lyftr("sign", "nowhere.json", WEBHOOK_SECRET="s"))
