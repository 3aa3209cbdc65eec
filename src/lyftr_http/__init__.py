"""The HTTP server: a thin Litestar adapter over `lyftr_core`, wired by one container.

To embed it: `lyftr_http.app.create_app` with `lyftr_runtime.settings.Settings`. This package itself
imports nothing, so that the command can say which extra it needs.
"""
