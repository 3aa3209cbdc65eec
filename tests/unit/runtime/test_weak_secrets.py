"""Secrets that are easy to guess are named when the server starts, and never shown."""

from base64 import b64encode

import pytest

from lyftr_runtime.settings import load_settings
from lyftr_runtime.weak_secrets import weak_secrets


def _weak(**variables: str) -> list[str]:
    return list(weak_secrets(load_settings(variables)))


def _standard(size: int) -> str:
    return f"whsec_{b64encode(bytes(size)).decode()}"


def test_short_tokens_are_named_by_their_places() -> None:
    found = _weak(API_TOKENS=f"a,{'b' * 16},{'c' * 15}")
    assert [sentence.partition(" of ")[0] for sentence in found] == ["token 1", "token 3"]
    assert not any("ccc" in sentence for sentence in found)


@pytest.mark.parametrize("name", ["WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS"])
@pytest.mark.parametrize(("size", "is_weak"), [(1, True), (15, True), (16, False), (1000, False)])
def test_a_short_secret_is_weak(name: str, size: int, *, is_weak: bool) -> None:
    found = _weak(**{"WEBHOOK_SECRET": "s" * 16, name: "x" * size})
    assert [sentence.split()[0] for sentence in found] == [name] * is_weak


def test_bytes_count_not_characters() -> None:
    assert _weak(WEBHOOK_SECRET="é" * 8) == []


@pytest.mark.parametrize("name", ["WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS"])
@pytest.mark.parametrize(
    ("size", "is_weak"), [(1, True), (23, True), (24, False), (64, False), (65, True)]
)
def test_a_standard_secret_has_the_size_of_the_specification(
    name: str, size: int, *, is_weak: bool
) -> None:
    variables = {"WEBHOOK_SECRET": _standard(32), name: _standard(size)}
    found = _weak(WEBHOOK_SCHEME="standard", **variables)
    assert [sentence.split()[0] for sentence in found] == [name] * is_weak
    assert all(f" {size} byte" in sentence for sentence in found)


def test_without_secrets_nothing_is_weak() -> None:
    assert _weak() == []
