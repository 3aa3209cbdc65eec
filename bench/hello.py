"""The smallest Litestar application, for comparing how long a start takes."""

from litestar import Litestar, get

__all__ = ["create_app"]


def create_app() -> Litestar:
    """Make the application."""

    @get("/", sync_to_thread=False)
    def greet() -> str:
        return "Hello, world!"

    return Litestar([greet])
