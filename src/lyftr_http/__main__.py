"""The command `lyftr`, for the script entry point and `python -m lyftr_http`."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line, or say which extra it needs."""
    try:
        from lyftr_http.cli import run  # noqa: PLC0415 - it may not be installed
    except ModuleNotFoundError as exc:
        sys.exit(f"lyftr: {exc.name} is missing; the command needs: pip install 'lyftr[server]'")
    run()


if __name__ == "__main__":
    main()
