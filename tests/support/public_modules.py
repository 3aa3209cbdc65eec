"""The modules that offer names to users; CONTRIBUTING.md says which of these are promised."""

__all__ = ["PUBLIC"]

PUBLIC = [
    "lyftr_core",
    "lyftr_core.testing",
    "lyftr_core.vectors",
    "lyftr_core.vectors.signing",
    "lyftr_sqlite",
    "lyftr_http.app",
    "lyftr_http.container",
    "lyftr_runtime.settings",
]
