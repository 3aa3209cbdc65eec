"""The command `lyftr`, for the script entry point and `python -m lyftr_cli`."""

import gc
import os
import sys

from lyftr_cli.closed_streams import replace_closed_streams

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Run the command line, or say which extra it needs."""
    replace_closed_streams()
    # prometheus_client would keep its values there; with several workers they get a folder of ours.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    # What imports make is no garbage; to look for some among it costs a tenth of the start.
    gc.disable()
    try:
        from lyftr_cli.main import run  # noqa: PLC0415 - it may not be installed
    except ModuleNotFoundError as exc:
        sys.exit(f"lyftr: {exc.name} is missing; the command needs: pip install 'lyftr[server]'")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
