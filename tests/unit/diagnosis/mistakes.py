"""Senders that make one mistake each, written without the code under test.

A mistake is known by its cause and detail. Those of keys give the secret as it is configured and
the key that the sender uses, out of some bytes; the others change what they are given.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

Name = tuple[str, str]
Keys = tuple[bytes, bytes]

TEXT_KEYS: dict[Name, Callable[[bytes], Keys]] = {
    ("secret_base64_decoded", ""): lambda raw: (base64.b64encode(raw), raw),
    ("secret_hex_decoded", ""): lambda raw: (raw.hex().encode(), raw),
    ("secret_as_standard", ""): lambda raw: (b"whsec_" + base64.b64encode(raw), raw),
    ("secret_prefix_removed", ""): lambda raw: (b"whsec_" + raw, raw),
    ("secret_newline_added", "LF"): lambda raw: (raw, raw + b"\n"),
    ("secret_newline_added", "CRLF"): lambda raw: (raw, raw + b"\r\n"),
    ("secret_quoted", ""): lambda raw: (raw, b'"' + raw + b'"'),
    ("secret_stripped", ""): lambda raw: (b" " + raw + b"\n", raw),
    ("secret_unquoted", ""): lambda raw: (b'"' + raw + b'"', raw),
    ("secret_base64_encoded", ""): lambda raw: (raw, base64.b64encode(raw)),
    ("secret_hex_encoded", ""): lambda raw: (raw, raw.hex().encode()),
    ("secret_empty", ""): lambda raw: (raw, b""),
    ("secret_placeholder", "undefined"): lambda raw: (raw, b"undefined"),
    ("secret_placeholder", "null"): lambda raw: (raw, b"null"),
    ("secret_placeholder", "None"): lambda raw: (raw, b"None"),
}


def _whsec(raw: bytes) -> bytes:
    return b"whsec_" + base64.b64encode(raw)


STANDARD_KEYS: dict[Name, Callable[[bytes], Keys]] = {
    ("secret_as_text", ""): lambda raw: (_whsec(raw), _whsec(raw)),
    ("secret_prefix_removed", ""): lambda raw: (_whsec(raw), base64.b64encode(raw)),
    ("secret_hex_encoded", ""): lambda raw: (_whsec(raw), raw.hex().encode()),
    ("secret_newline_added", "LF"): lambda raw: (_whsec(raw), _whsec(raw) + b"\n"),
    ("secret_empty", ""): lambda raw: (_whsec(raw), b""),
}
"""With secrets that the server takes."""
MALFORMED_KEYS: dict[Name, Callable[[bytes], Keys]] = {
    ("secret_base64_decoded", ""): lambda raw: (base64.urlsafe_b64encode(raw).rstrip(b"="), raw),
    ("secret_hex_decoded", ""): lambda raw: (b"whsec_" + (raw[:9]).hex().encode(), raw[:9]),
    ("secret_stripped", ""): lambda raw: (_whsec(raw) + b"\n", raw),
    ("secret_unquoted", ""): lambda raw: (b"'" + _whsec(raw) + b"'", raw),
    ("secret_as_text", ""): lambda raw: (b"!" + raw, b"!" + raw),
}
"""With secrets that the server refuses to start with."""


def _json(**options: object) -> Callable[[bytes], bytes]:
    """Write JSON anew."""
    return lambda body: json.dumps(json.loads(body), **options).encode()  # type: ignore[arg-type] # named below


def _escaping(*characters: str, **options: object) -> Callable[[bytes], bytes]:
    def write(body: bytes) -> bytes:
        text = _json(separators=(",", ":"), **options)(body).decode()
        for character in characters:
            escaped = "\\/" if character == "/" else f"\\u{ord(character):04x}"
            text = text.replace(character, escaped)
        return text.encode()

    return write


def _whole_numbers(body: bytes) -> bytes:
    def number(text: str) -> float:
        found = float(text)
        # Beyond, JavaScript writes other digits than Python.
        return int(found) if -(2**53) <= found <= 2**53 and found == int(found) else found

    return json.dumps(
        json.loads(body, parse_float=number), ensure_ascii=False, separators=(",", ":")
    ).encode()


_NO = ", non-ASCII characters escaped"
_SPACES = "with spaces behind colons and commas"
_HTML = ("<", ">", "&", "\u2028", "\u2029")
_COMPACT: dict[str, object] = {"separators": (",", ":")}
_SPACINGS: dict[str, dict[str, object]] = {
    "without spaces": _COMPACT,
    _SPACES: {"separators": (", ", ": ")},
    "indented by 2": {"indent": 2},
    "indented by 4": {"indent": 4},
}
SERIALISATIONS: dict[str, Callable[[bytes], bytes]] = {
    "without spaces, as JSON.stringify does": _json(ensure_ascii=False, **_COMPACT),
    "with spaces and escapes, as Python's json.dumps does": _json(),
    **{
        f"{spacing}{order}{escaping}": _json(
            **options, sort_keys=bool(order), ensure_ascii=bool(escaping)
        )
        for order in ("", ", keys sorted")
        for escaping in ("", _NO)
        for spacing, options in _SPACINGS.items()
    },
    "with slashes escaped, as PHP's json_encode does": _escaping("/"),
    "with slashes escaped, other characters not, as PHP's json_encode can": _escaping(
        "/", ensure_ascii=False
    ),
    "with <, > and & escaped, keys sorted, as Go's encoding/json does": _escaping(
        *_HTML, ensure_ascii=False, sort_keys=True
    ),
    "with <, > and & escaped, as Rails and Go do": _escaping(*_HTML, ensure_ascii=False),
    "without spaces, and whole numbers without .0, as JSON.stringify does": _whole_numbers,
}
# The same as the first two of all.
del SERIALISATIONS["without spaces"], SERIALISATIONS[_SPACES + _NO]

BODIES: dict[Name, Callable[[bytes], bytes]] = {
    ("body_newline_removed", "LF"): lambda body: body.removesuffix(b"\n"),
    ("body_newline_removed", "CRLF"): lambda body: body.removesuffix(b"\r\n"),
    ("body_newline_added", "LF"): lambda body: body + b"\n",
    ("body_newline_added", "CRLF"): lambda body: body + b"\r\n",
    ("body_lf", ""): lambda body: body.replace(b"\r\n", b"\n"),
    ("body_crlf", ""): lambda body: body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    ("body_bom_added", ""): lambda body: b"\xef\xbb\xbf" + body,
    ("body_bom_removed", ""): lambda body: body.removeprefix(b"\xef\xbb\xbf"),
    ("body_stripped", ""): lambda body: body.strip(),
    ("body_signed_empty", ""): lambda body: body[:0],
}
RESERIALISED: dict[Name, Callable[[bytes], bytes]] = {
    ("body_reserialised", detail): write for detail, write in SERIALISATIONS.items()
}


def right(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


HASHES: dict[Name, Callable[[bytes, bytes], bytes]] = {
    **{
        ("hash_other", title): lambda key, content, name=name: hmac.digest(key, content, name)  # type: ignore[misc] # bound early
        for title, name in [
            ("SHA-1", "sha1"),
            ("SHA-512", "sha512"),
            ("SHA-384", "sha384"),
            ("SHA-224", "sha224"),
        ]
    },
    ("hash_without_key", "SHA-256"): lambda _, content: hashlib.sha256(content).digest(),
    ("hash_without_key", "SHA-1"): lambda _, content: hashlib.sha1(content).digest(),  # noqa: S324 - a mistake
    ("hash_key_in_front", ""): lambda key, content: hashlib.sha256(key + content).digest(),
    ("hash_key_behind", ""): lambda key, content: hashlib.sha256(content + key).digest(),
    ("hash_key_and_body_swapped", ""): lambda key, content: right(content, key),
}


def base64_of(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def base64url_of(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode()


HEX_WRITINGS: dict[tuple[Name, ...], Callable[[bytes], str]] = {
    (("value_base64", ""),): base64_of,
    (("value_base64", ""), ("value_unpadded", "")): lambda d: base64_of(d).rstrip("="),
    (("value_base64url", ""),): base64url_of,
    (("value_base64url", ""), ("value_unpadded", "")): lambda d: base64url_of(d).rstrip("="),
    (("value_base64_of_hex", ""),): lambda d: base64_of(d.hex().encode()),
    (("value_truncated", "16 of 64"),): lambda d: d.hex()[:16],
    (("value_truncated", "63 of 64"),): lambda d: d.hex()[:63],
    (("value_whitespace", ""),): lambda d: f"{d.hex()}\n",
    (("value_whitespace", ""), ("value_prefix", "hmac-sha256=")): lambda d: (
        f"hmac-sha256= {d.hex()}"
    ),
    (("value_quoted", ""),): lambda d: f'"{d.hex()}"',
    (("value_list", ""),): lambda d: f"{d.hex()}, {d.hex()}",
    (("value_prefix", "SHA256="),): lambda d: f"SHA256={d.hex()}",
    (("value_prefix", "sha256:"),): lambda d: f"sha256:{d.hex()}",
    (("value_prefix", "hmac-sha256="),): lambda d: f"hmac-sha256={d.hex()}",
    (("value_prefix", "sha256=sha256="),): lambda d: f"sha256=sha256={d.hex()}",
    (("value_prefix", "signatur..."),): lambda d: f"signature=sha-256={d.hex()}",
    (("value_prefix", "a-prefix-of-16-="),): lambda d: f"a-prefix-of-16-={d.hex()}",
    (("value_quoted", ""), ("value_prefix", "SHA256=")): lambda d: f'SHA256="{d.hex()}"',
    (("value_whitespace", ""), ("value_prefix", "sha256:")): lambda d: f"sha256: {d.hex()}",
    (("value_whitespace", ""), ("value_prefix", "v1,")): lambda d: f"v1, {d.hex()}",
    (("value_prefix", "0x"),): lambda d: f"0x{d.hex()}",
    (("value_prefix", "HMAC"),): lambda d: f"HMAC {d.hex()}",
    (("value_prefix", "v1,"), ("value_base64", "")): lambda d: f"v1,{base64_of(d)}",
    (("value_prefix", "v1="), ("value_truncated", "20 of 64")): lambda d: f"v1={d.hex()[:20]}",
}
STANDARD_WRITINGS: dict[tuple[Name, ...], Callable[[bytes], str]] = {
    (("version_missing", ""),): base64_of,
    (("version_missing", ""), ("value_hex", "")): bytes.hex,
    (("version_other", "v2"),): lambda d: f"v2,{base64_of(d)}",
    (("version_other", "v1a"),): lambda d: f"v1a,{base64_of(d)}",
    (("value_prefix", "v1="),): lambda d: f"v1={base64_of(d)}",
    (("value_hex", ""),): lambda d: f"v1,{d.hex().upper()}",
    (("value_unpadded", ""),): lambda d: f"v1,{base64_of(d)[:43]}",
    (("value_base64url", ""),): lambda d: f"v1,{base64url_of(d)}",
    (("value_base64_of_hex", ""),): lambda d: f"v1,{base64_of(d.hex().encode())}",
    (("value_truncated", "40 of 44"),): lambda d: f"v1,{base64_of(d)[:40]}",
    (("value_quoted", ""),): lambda d: f'"v1,{base64_of(d)}"',
    (("value_whitespace", ""),): lambda d: f"v1,{base64_of(d)}\n",
}
FRAMES: dict[Name, Callable[[bytes, bytes], bytes]] = {
    ("content_without_id", "`timestamp.body`"): lambda _, timestamp: timestamp + b".",
    ("content_without_timestamp", "`id.body`"): lambda webhook_id, _: webhook_id + b".",
    ("content_form", "the body alone"): lambda _webhook_id, _timestamp: b"",
    ("content_form", "`timestamp.id.body`, the identifier second"): lambda i, t: b"%b.%b." % (t, i),
    **{
        ("content_form", f"the three with {name} between them"): (
            lambda i, t, s=separator: i + s + t + s  # type: ignore[misc] # bound early
        )
        for name, separator in [
            ("colons", b":"),
            ("commas", b","),
            ("hyphens", b"-"),
            ("underscores", b"_"),
            ("line ends", b"\n"),
            ("spaces", b" "),
            ("vertical bars", b"|"),
            ("nothing", b""),
        ]
    },
}
"""What the sender puts before the body."""
