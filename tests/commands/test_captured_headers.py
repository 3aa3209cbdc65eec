"""Headers as tools write them down: what `lyftr verify` reads, and what it skips."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from lyftr_cli.commands.verify import verify
from lyftr_cli.verify.captured_headers import parse_headers
from lyftr_core import HexHmacSha256

BODY = b"{}"
SIGNATURE = HexHmacSha256("s").sign(BODY)
READ = [(b"host", b"h"), (b"x-signature", b"0:0")]


@pytest.mark.parametrize(
    "text",
    [
        b":authority: h\n:method: POST\n:path: /webhook\n:x: y\nhost: h\nx-signature: 0:0\n",
        b":status: 200\nhost: h\n:protocol\nx-signature: 0:0\n",
        b":method:POST\r\nhost: h\r\nx-signature: 0:0\r\n\r\n:path: behind",
        b"> :method: POST\n> host: h\n> x-signature: 0:0\n",
        b'{":method": "POST", "host": "h", "x-signature": "0:0"}',
        b'[{"name": ":path", "value": "/"}, ["host", "h"], ["x-signature", "0:0"]]',
        b"\xef\xbb\xbfhost: h\nx-signature: 0:0\n",
        b'\xef\xbb\xbf{"host": "h", "x-signature": "0:0"}',
    ],
)
def test_pseudo_headers_and_a_byte_order_mark_are_skipped(text: bytes) -> None:
    assert parse_headers(text) == READ


@pytest.mark.parametrize("text", [b": method", b":Method: POST", b"::", b":me thod: x"])
def test_what_is_no_pseudo_header_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="line 1 is no header"):
        parse_headers(text)


def test_pseudo_headers_are_skipped_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["-H", ":method: POST", "-H", f"X-Signature: {SIGNATURE}"]
    done = CliRunner().invoke(verify, lines, input=BODY, env={"WEBHOOK_SECRET": "s"})
    assert (done.exit_code, done.output) == (0, "verified, with WEBHOOK_SECRET\n")
