"""What `lyftr_http` offers: a change here is a change for its users."""

import importlib
from importlib.resources import files

import pytest

import lyftr_http

OFFERED = {
    "lyftr_http.app": ["MAX_BODY_SIZE", "Settings", "create_app"],
    "lyftr_http.container": ["Container"],
    "lyftr_runtime.settings": [
        "VARIABLES",
        "InvalidSettings",
        "Secret",
        "Settings",
        "WebhookScheme",
        "load_settings",
    ],
}


@pytest.mark.parametrize(("module", "names"), OFFERED.items())
def test_the_public_names_are_these_and_no_others(module: str, names: list[str]) -> None:
    imported = importlib.import_module(module)
    assert imported.__all__ == names
    assert all(hasattr(imported, name) for name in names)


def test_the_package_is_typed() -> None:
    assert files(lyftr_http).joinpath("py.typed").is_file()
