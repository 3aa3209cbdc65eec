"""The command `lyftr`, for the script entry point and `python -m lyftr_http`."""

import gc
import os
import sys

__all__ = ["main"]

_INTERRUPTED = 130
_FIRST_FREE = 3
"""The first file descriptor behind the three standard streams."""


def main() -> None:
    """Run the command line, or say which extra it needs."""
    _open_standard_streams()
    # prometheus_client would keep its values there; with several workers they get a folder of ours.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    # What imports make is no garbage; to look for some among it costs a tenth of the start.
    gc.disable()
    try:
        from lyftr_http.cli import run  # noqa: PLC0415 - it may not be installed
    except ModuleNotFoundError as exc:
        sys.exit(f"lyftr: {exc.name} is missing; the command needs: pip install 'lyftr[server]'")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    gc.freeze()
    gc.enable()
    run()


def _open_standard_streams() -> None:
    """Put the null device where a standard stream is closed.

    Else the next file opened, perhaps the database, gets its number, and what is printed goes
    there.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < _FIRST_FREE:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


if __name__ == "__main__":
    main()
