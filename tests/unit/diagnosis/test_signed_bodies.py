"""Each way in which a sender may sign other bytes than it sends has a cause, by literal bytes."""

import gzip
import zlib
from base64 import b64encode
from datetime import UTC, datetime
from unicodedata import normalize

import pytest

from lyftr_core import SignedRequest, StandardWebhooks
from lyftr_diagnosis import Diagnosis, Scheme, Secrets, diagnose
from lyftr_diagnosis.bodies import rare_bodies, signed_bodies
from lyftr_diagnosis.wrapping import MAX_DECOMPRESSED
from tests.unit.diagnosis.mistakes import right

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SECRET = b"s3cret-sesame"
BODY = '{"from":"+919876543210","text":"Zoë <b>&\'q\' \\"50%\\" a/b m@x \u2028 😀"}'.encode()
SPACED = BODY.replace(b":", b": ")


def gzipped(data: bytes) -> bytes:
    """Compress, the same each time."""
    return gzip.compress(data, mtime=0)


def diagnosed(body: bytes, signed: bytes) -> Diagnosis:
    request = SignedRequest.from_text([("X-Signature", right(SECRET, signed).hex())], body)
    return diagnose(request, Secrets(current=SECRET), scheme=Scheme.LYFTR, at=NOW)


def cause(body: bytes, signed: bytes) -> tuple[str, str]:
    """Return the only cause and its detail."""
    assert signed != body
    found = diagnosed(body, signed)
    assert found.is_explained
    (difference,) = found.differences
    return difference.cause.value, difference.detail


def _with(*pairs: tuple[str, str]) -> bytes:
    text = BODY.decode()
    for old, new in pairs:
        text = text.replace(old, new)
    return text.encode()


_LOWER = (("ë", "\\u00eb"), ("\u2028", "\\u2028"), ("😀", "\\ud83d\\ude00"))
_UPPER = (("ë", "\\u00EB"), ("\u2028", "\\u2028"), ("😀", "\\uD83D\\uDE00"))
_DOTNET = (
    *(("+", "\\u002B"), ("<", "\\u003C"), (">", "\\u003E"), ("&", "\\u0026")),
    *(("'", "\\u0027"), ('\\"', "\\u0022")),
)
_META = (("/", "\\/"), ("<", "\\u003C"), ("@", "\\u0040"), ("%", "\\u0025"))
_HEX = (("/", "\\/"), ("<", "\\u003C"), (">", "\\u003E"), ("&", "\\u0026"), ("'", "\\u0027"))
_NEWTONSOFT = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027"))


@pytest.mark.parametrize(
    ("name", "signed"),
    [
        ("System.Text.Json does", _with(*_DOTNET, *_UPPER)),
        ("System.Text.Json can", _with(*_DOTNET, *_UPPER[1:])),
        ("UnsafeRelaxedJsonEscaping", _with(*_UPPER[1:])),
        ("Newtonsoft.Json does", _with(("\u2028", "\\u2028"))),
        ("Newtonsoft.Json can", _with(*_NEWTONSOFT, ('\\"', "\\u0022"), ("\u2028", "\\u2028"))),
        ("Jackson", _with(*_UPPER)),
        ("Gson", _with(*_NEWTONSOFT, ("=", "\\u003d"), ("\u2028", "\\u2028"))),
        ("Meta", _with(*_META, *_LOWER)),
        ("JSON_HEX", _with(*_HEX, ('\\"', "\\u0022"), *_LOWER)),
        ("JSON_UNESCAPED_UNICODE", _with(("/", "\\/"), ("\u2028", "\\u2028"))),
    ],
)
def test_the_escapes_of_a_serialiser_are_named(name: str, signed: bytes) -> None:
    for body in (BODY, SPACED):
        code, detail = cause(body, signed)
        assert code == "body_reserialised"
        assert name in detail
    # ... and with its own layout, where it arrives so.
    _, detail = cause(SPACED, signed.replace(b":", b": "))
    assert detail.endswith(", spaced as it arrived")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("+", "\\u002B"), ("/", "\\/"), ("<", "\\u003C"), ("&", "\\u0026"), ("'", "\\u0027")),
        *((">", "\\u003E"), ("<", "\\u003c")),
    ],
)
def test_one_escaped_character_is_enough(old: str, new: str) -> None:
    body = b'{ "n": 1.50, "from": "+1", "text": "/<&\'", "n": 2e0 }'
    if old == ">":  # the pair of them
        body = body.replace(b"<", b"<>")
        assert cause(body, body.replace(b"<>", b"\\u003C\\u003E"))[0] == "body_reserialised"
    else:
        signed = body.decode().replace(old, new).encode()
        assert cause(body, signed)[0] == "body_reserialised"
        assert cause(signed, body)[0] == "body_reserialised"


def test_escapes_combine() -> None:
    body = '{"text": "é/<"}'.encode()
    for signed in (
        b'{"text": "\\u00E9\\/\\u003C"}',
        b'{"text": "\\u00e9\\/\\u003C"}',
        b'{"text":"\\u00E9\\/<"}',
    ):
        compact = body if b": " in signed else body.replace(b": ", b":")
        assert cause(compact, signed)[0] == "body_reserialised"


TEXT = '{"text":"Zoë"}'
DASH = TEXT.replace("ë", "\u2013")
WIDE = '{"text":"Zoë \u2013 漢😀"}'


@pytest.mark.parametrize(
    ("text", "signed", "code", "detail"),
    [
        (TEXT, b'{"text":"Zo?"}', "body_characters_replaced", "ASCII replaced by `?`"),
        (WIDE, b'{"text":"Zo? ? ??"}', "body_characters_replaced", "ASCII replaced by `?`"),
        (WIDE, b'{"text":"Zo? ? ???"}', "body_characters_replaced", "ASCII replaced by `?`"),
        (WIDE, b'{"text":"Zo\xeb ? ??"}', "body_characters_replaced", "ISO 8859-1 replaced by `?`"),
        (WIDE, b'{"text":"Zo\xeb \x96 ???"}', "body_characters_replaced", "Windows-1252 replaced"),
        (TEXT, b'{"text":"Zo"}', "body_characters_replaced", "ASCII left out"),
        (TEXT, b'{"text":"Zo&#235;"}', "body_characters_replaced", "ASCII written as"),
        (TEXT, b'{"text":"Zo\xeb"}', "body_signed_in_other_encoding", "ISO 8859-1"),
        (
            TEXT[:-2] + ' \u2013"}',
            b'{"text":"Zo\xeb \x96"}',
            *("body_signed_in_other_encoding", "Win"),
        ),
        ("€漢", b"\xac\x22", "body_signed_in_other_encoding", "the low byte"),
        (TEXT, TEXT.encode("utf-16-le"), "body_signed_in_other_encoding", "UTF-16LE"),
        (TEXT, TEXT.encode("utf-16-be"), "body_signed_in_other_encoding", "UTF-16BE"),
        (TEXT, TEXT.encode("utf-16"), "body_signed_in_other_encoding", "UTF-16 with"),
        (TEXT, '{"text":"ZoÃ«"}'.encode(), "body_signed_encoded_twice", "ISO 8859-1"),
        ('{"text":"ZoÃ«"}', TEXT.encode(), "body_encoded_twice", "ISO 8859-1"),
        (TEXT, normalize("NFD", TEXT).encode(), "body_normalised", "NFD"),
        (normalize("NFD", TEXT), TEXT.encode(), "body_normalised", "NFC"),
    ],
)
def test_text_in_another_encoding_is_named(
    text: str, signed: bytes, code: str, detail: str
) -> None:
    found, seen = cause(text.encode(), signed)
    assert found == code
    assert seen.startswith(detail)


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        (TEXT.encode("latin-1"), "body_sent_in_other_encoding", "ISO 8859-1"),
        (
            TEXT.replace("ë", "\u2013").encode("cp1252"),
            "body_sent_in_other_encoding",
            "Windows-1252",
        ),
        (TEXT.encode("utf-16-le"), "body_sent_in_other_encoding", "UTF-16LE"),
        (TEXT.encode("utf-16"), "body_sent_in_other_encoding", "UTF-16 with a byte order mark"),
        (b64encode(TEXT.encode()), "body_sent_wrapped", "in base64"),
        (b"%7B%22text%22%3A%22Zo%C3%AB%22%7D", "body_sent_wrapped", "percent-encoded"),
        (b"payload=%7B%22text%22%3A%22Zo%C3%AB%22%7D&a=b", "body_sent_wrapped", "in a field of a"),
        (b'"{\\"text\\":\\"Zo\\u00eb\\"}"', "body_sent_wrapped", "in a string of JSON"),
        (gzipped(TEXT.encode()), "body_compressed", "gzip"),
        (gzipped(b'{"text":') + gzipped('"Zoë"}'.encode()), "body_compressed", "gzip"),
        (zlib.compress(TEXT.encode()), "body_compressed", "zlib"),
        (zlib.compress(TEXT.encode())[2:-4], "body_compressed", "deflate"),
    ],
)
def test_a_body_sent_in_another_form_is_named(body: bytes, code: str, detail: str) -> None:
    signed = DASH if b'"Zo\x96' in body else TEXT
    found, seen = cause(body, signed.encode())
    assert found == code
    assert seen.startswith(detail)


@pytest.mark.parametrize(
    ("signed", "detail"),
    [
        (b64encode(TEXT.encode()), "in base64"),
        (b"%7B%22text%22%3A%22Zo%C3%AB%22%7D", "percent-encoded"),
        ('"{\\"text\\":\\"Zoë\\"}"'.encode(), "in a string of JSON"),
        (b'"{\\"text\\":\\"Zo\\u00eb\\"}"', "in a string of JSON"),
    ],
)
def test_a_body_signed_in_another_form_is_named(signed: bytes, detail: str) -> None:
    assert cause(TEXT.encode(), signed) == ("body_signed_wrapped", detail)


def test_standard_webhooks_have_the_same_causes() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    scheme = StandardWebhooks(secret, clock=lambda: NOW)
    for body, signed in (
        (gzipped(BODY), BODY),
        (BODY, _with(*_DOTNET, *_UPPER)),
        (SPACED, SPACED.replace(b"/", b"\\/")),
    ):
        headers = scheme.signature_headers(signed)
        found = diagnose(
            SignedRequest.from_text(headers, body),
            Secrets(current=secret.encode()),
            scheme=Scheme.STANDARD,
            at=NOW,
        )
        assert found.is_explained, found
        assert len(found.differences) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(gzipped(bytes(MAX_DECOMPRESSED + 1)), id="a bomb"),
        pytest.param(gzipped(b"x") * 17, id="many members"),
        pytest.param(gzipped(b"x" * 99)[:-9], id="cut off"),
        pytest.param(gzipped(b"x") + b"rest", id="something after it"),
        pytest.param(gzipped(b""), id="nothing in it"),
    ],
)
def test_what_is_not_decompressed(body: bytes) -> None:
    causes = {f.cause for option in signed_bodies(body) for f in option.differences}
    assert "body_compressed" not in causes


def test_what_holds_as_much_as_is_taken_is_decompressed() -> None:
    plain = bytes(MAX_DECOMPRESSED)
    assert plain in [option.value for option in signed_bodies(gzipped(plain))]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"text":"caf? au lait ??"}', "question marks within words"),
        (b'{"text":"Zo?la"}', "question marks within words"),
        ('{"text":"Zo\ufffd"}'.encode(), "U+FFFD characters"),
    ],
)
def test_characters_that_were_lost_are_noticed(body: bytes, detail: str) -> None:
    found = diagnosed(body, b'{"text":"something else"}')
    assert not found.is_explained
    assert [(f.cause.value, f.detail) for f in found.differences] == [
        ("body_characters_lost", detail)
    ]


def test_a_question_is_not_suspicious() -> None:
    assert diagnosed(b'{"text":"When? Now?"}', b"other").differences == ()


def test_rare_forms_of_a_large_body_are_not_tried() -> None:
    large = b'{"text":"/' + b"x" * 65_536 + b'"}'
    assert rare_bodies(large) == []
    assert rare_bodies(large[:100] + b'"}')
