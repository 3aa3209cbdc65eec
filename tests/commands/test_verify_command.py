"""`lyftr verify`: what it says of a capture, how it ends, and what it keeps to itself."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lyftr_core import HexHmacSha256, StandardWebhooks, parse_timestamp
from tests.support.server import STANDARD, Lyftr, refusal

BODY = b'{"message_id": "m1", "text": "canary-text"}'
ZEROS = "0" * 64
ARRIVED = "2026-01-15T09:28:35Z"
SECRET = STANDARD["WEBHOOK_SECRET"]


def header(key: str | bytes = "s", body: bytes = BODY) -> str:
    return f"X-Signature: {HexHmacSha256(key).sign(body)}"


def standard_headers(body: bytes = BODY) -> list[tuple[str, str]]:
    moment = parse_timestamp(ARRIVED)
    return StandardWebhooks(SECRET, clock=lambda: moment).signature_headers(body)


def said(done: subprocess.CompletedProcess[bytes], status: int) -> str:
    assert done.stderr == b""
    assert done.returncode == status
    return done.stdout.decode()


def as_json(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if document["verified"] else 1)
    return document


def causes(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [finding["cause"] for finding in as_json(done)["findings"]]


def test_a_right_request_verifies(lyftr: Lyftr) -> None:
    done = lyftr("verify", "-H", header(), stdin=BODY, WEBHOOK_SECRET="s")
    assert said(done, 0) == "verified, with WEBHOOK_SECRET\n"


def test_a_file_is_verified_byte_for_byte(lyftr: Lyftr, tmp_path: Path) -> None:
    body = b'{"text": "\xc3\xa9\xff"}\r\n'
    (tmp_path / "body.json").write_bytes(body)
    done = lyftr("verify", "body.json", "-H", header(body=body), WEBHOOK_SECRET="s")
    assert said(done, 0) == "verified, with WEBHOOK_SECRET\n"


def test_what_sign_prints_verifies(lyftr: Lyftr) -> None:
    printed = lyftr("sign", stdin=BODY, **STANDARD).stdout.decode().splitlines()
    options = [word for line in printed for word in ("-H", line)]
    assert said(lyftr("verify", *options, stdin=BODY, **STANDARD), 0).startswith("verified, ")


def test_the_previous_secret_verifies_and_is_mentioned(lyftr: Lyftr) -> None:
    secrets = {"WEBHOOK_SECRET": "new", "WEBHOOK_SECRET_PREVIOUS": "s"}
    text = said(lyftr("verify", "-H", header(), stdin=BODY, **secrets), 0)
    assert text.startswith("verified, with WEBHOOK_SECRET_PREVIOUS\n\n1. ")
    assert "[previous_secret]" in text


def test_two_causes_are_stated_together(lyftr: Lyftr) -> None:
    digest = bytes.fromhex(HexHmacSha256(b"canary-key").sign(BODY))
    secret = base64.b64encode(b"canary-key").decode()
    line = f"X-Signature: {base64.b64encode(digest).decode()}"
    text = said(lyftr("verify", "-H", line, stdin=BODY, WEBHOOK_SECRET=secret), 1)
    assert text.splitlines()[0] == "NOT verified; these 2 causes together are why:"
    assert text.index("1. The signature is in base64") < text.index("2. The sender decoded")
    assert "Tried" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_one_cause_is_stated_with_what_to_do(lyftr: Lyftr) -> None:
    done = lyftr("verify", "-H", header(), stdin=BODY + b"\n", WEBHOOK_SECRET="s")
    lines = said(done, 1).splitlines()
    assert lines[:2] == ["NOT verified; this is why:", ""]
    assert lines[2].startswith("1. The body ends in a line end (LF)")
    assert any(line.startswith("   Sender: sign the very bytes") for line in lines)


def test_no_known_cause_says_what_was_tried_and_what_to_do_next(lyftr: Lyftr) -> None:
    text = said(lyftr("verify", "-H", f"X-Signature: {ZEROS}", stdin=BODY, WEBHOOK_SECRET="s"), 1)
    assert text.startswith("NOT verified; no usual cause explains it.\n")
    assert "Tried, each and two at once: body_bom_added" in text
    assert f"{len(BODY)} bytes, SHA-256 {hashlib.sha256(BODY).hexdigest()[:32]}" in text
    assert "printf lyftr | " in text


def test_neither_secrets_nor_the_right_signature_nor_the_body_show(lyftr: Lyftr) -> None:
    secrets = {"WEBHOOK_SECRET": "canary-new", "WEBHOOK_SECRET_PREVIOUS": "canary-old"}
    rights = [HexHmacSha256(secret).sign(BODY) for secret in secrets.values()]
    lines = [f"X-Signature: {ZEROS}", f"X-Signature: SHA1={rights[0]}", "X-Signature: canary-value"]
    for line in [*lines, "X-Signature: " + ":".join(rights[0][i : i + 2] for i in range(0, 64, 2))]:
        for option in ([], ["--json"]):
            done = lyftr("verify", "-H", line, *option, stdin=BODY, **secrets)
            shown = (done.stdout + done.stderr).decode()
            assert done.returncode == 1
            assert "canary" not in shown
            assert not any(right[:20] in shown or right[-20:] in shown for right in rights)


def test_json_has_the_verdict_and_every_finding(lyftr: Lyftr) -> None:
    digits = HexHmacSha256("s").sign(BODY)
    line = f"X-Signature: SHA256={digits}"
    document = as_json(lyftr("verify", "-H", line, "--json", stdin=BODY, WEBHOOK_SECRET="s"))
    (finding,) = document.pop("findings")
    assert document == {"verified": False, "key": None, "explained": True, "tried": []}
    assert set(finding) == {"cause", "detail", "seen", "advice"}
    assert (finding["cause"], finding["detail"]) == ("value_prefix", "SHA256=")
    right = as_json(lyftr("verify", "-H", header(), "--json", stdin=BODY, WEBHOOK_SECRET="s"))
    assert (right["verified"], right["key"], right["findings"]) == (True, "current", [])


def test_options_win_over_the_variables(lyftr: Lyftr) -> None:
    options = ["--secret", "s", "--previous", "old", "--scheme", "lyftr", "-H", header()]
    done = lyftr("verify", *options, stdin=BODY, **STANDARD)
    assert said(done, 0) == "verified, with WEBHOOK_SECRET\n"
    options[1:4:2] = ["new", "s"]
    assert "WEBHOOK_SECRET_PREVIOUS" in said(lyftr("verify", *options, stdin=BODY, **STANDARD), 0)


def test_the_secret_is_read_from_dotenv_too(lyftr: Lyftr, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEBHOOK_SECRET=from a file\n")
    assert said(lyftr("verify", "-H", header("from a file"), stdin=BODY), 0)


def test_a_capture_is_judged_as_of_the_moment_it_arrived(lyftr: Lyftr) -> None:
    lines = [word for name, value in standard_headers() for word in ("-H", f"{name}: {value}")]
    done = lyftr("verify", *lines, "--at", ARRIVED, stdin=BODY, **STANDARD)
    assert said(done, 0) == "verified, with WEBHOOK_SECRET\n"
    late = [*lines, "--at", "2026-01-15T10:28:35Z", "--json"]
    document = as_json(lyftr("verify", *late, stdin=BODY, **STANDARD))
    assert [(f["cause"], f["detail"]) for f in document["findings"]] == [("timestamp_old", "3600")]
    assert document["explained"]


@pytest.mark.parametrize("at", [[], ["--at", "now"]])
def test_without_a_moment_it_is_now(lyftr: Lyftr, at: list[str]) -> None:
    lines = [word for name, value in standard_headers() for word in ("-H", f"{name}: {value}")]
    assert causes(lyftr("verify", *lines, *at, "--json", stdin=BODY, **STANDARD)) == [
        "timestamp_old"
    ]


def test_a_secret_that_the_server_refuses_is_diagnosed(lyftr: Lyftr) -> None:
    lines = [word for name, value in standard_headers() for word in ("-H", f"{name}: {value}")]
    variables = STANDARD | {"WEBHOOK_SECRET": f'"{SECRET}"', "WEBHOOK_SECRET_PREVIOUS": "canary"}
    done = lyftr("verify", *lines, "--at", ARRIVED, "--json", stdin=BODY, **variables)
    assert causes(done) == ["secret_malformed", "secret_malformed", "secret_unquoted"]
    assert b"canary" not in done.stdout


def test_a_sender_of_the_other_scheme_is_named(lyftr: Lyftr) -> None:
    lines = [word for name, value in standard_headers() for word in ("-H", f"{name}: {value}")]
    done = lyftr("verify", *lines, "--at", ARRIVED, "--json", stdin=BODY, WEBHOOK_SECRET=SECRET)
    assert causes(done) == ["scheme_standard"]


@pytest.mark.parametrize(
    "text",
    [
        "POST /webhook HTTP/1.1\r\nHost: x\r\n{0}\r\n\r\nBody: not a header",
        "* Trying\n> POST /webhook HTTP/1.1\n> Host: x\n> {0}\n>\n< HTTP/1.1 401\n< a: b\n",
        "{0}",
        "\n{0}\n",
        '{{"X-Signature": "{1}"}}',
        '{{"x-signature": ["{1}"], "a": "b"}}',
        '{{"headers": {{"X-Signature": "{1}"}}, "body": 1}}',
        '[["Host", "x"], ["X-Signature", "{1}"]]',
        '[{{"name": "X-Signature", "value": "{1}"}}]',
    ],
)
def test_headers_are_read_as_tools_write_them_down(lyftr: Lyftr, tmp_path: Path, text: str) -> None:
    line = header()
    (tmp_path / "headers").write_bytes(text.format(line, line.partition(": ")[2]).encode())
    done = lyftr("verify", "--headers", "headers", stdin=BODY, WEBHOOK_SECRET="s")
    assert said(done, 0) == "verified, with WEBHOOK_SECRET\n"


def test_headers_can_come_from_standard_input(lyftr: Lyftr, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(BODY)
    done = lyftr("verify", "body", "--headers", "-", stdin=header().encode(), WEBHOOK_SECRET="s")
    assert said(done, 0)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "-H or --headers"),
        (["-H", "canary"], "-H (--header) must be"),
        (["nowhere.json", "-H", "a: b"], "nowhere.json"),
        (["--headers", "nowhere", "-H", "a: b"], "nowhere"),
        (["--headers", "-"], "standard input"),
        (["-H", "a: b", "--at", "canary"], "--at"),
        (["-H", "a: b", "--scheme", "canary-"], "--scheme"),
        (["-H", "a: b", "--secret", ""], "--secret"),
        (["--headers", "lines"], "line 2"),
        (["--headers", "no.json"], "JSON"),
        (["--headers", "numbers.json"], "strings"),
        (["--headers", "words.json"], "strings"),
    ],
)
def test_what_cannot_be_tried_is_one_line_and_status_2(
    lyftr: Lyftr, tmp_path: Path, arguments: list[str], word: str
) -> None:
    (tmp_path / "lines").write_text("a: b\ncanary\n")
    (tmp_path / "no.json").write_text('{"canary')
    (tmp_path / "numbers.json").write_text('{"a": 1}')
    (tmp_path / "words.json").write_text('["canary"]')
    done = lyftr("verify", *arguments, stdin=BODY, WEBHOOK_SECRET="s")
    assert done.returncode == 2
    line = refusal(done)
    assert word in line
    assert "canary" not in line.replace("'canary-'", "")


@pytest.mark.parametrize(
    ("variables", "word"), [({}, "WEBHOOK_SECRET"), ({"WEBHOOK_SECRET": "s", "PORT": "x"}, "PORT")]
)
def test_wrong_settings_are_no_verdict(lyftr: Lyftr, variables: dict[str, str], word: str) -> None:
    done = lyftr("verify", "-H", "a: b", stdin=BODY, **variables)
    assert done.returncode == 2
    assert word in refusal(done)


def test_a_body_that_is_far_too_large_is_refused(lyftr: Lyftr) -> None:
    done = lyftr("verify", "-H", "a: b", stdin=b"x" * 1_048_577, WEBHOOK_SECRET="s")
    assert "1048576" in refusal(done)
    assert done.returncode == 2
