"""The HTTP server: a thin Litestar adapter over `lyftr_core`, wired by one container."""

from lyftr_http.app import create_app
from lyftr_http.settings import InvalidSettings, Secret, Settings, load_settings

__all__ = ["InvalidSettings", "Secret", "Settings", "create_app", "load_settings"]
