"""Which extra of lyftr a package needs, in one sentence where its dependencies are missing."""

from importlib.util import find_spec

__all__ = ["require_extra"]


def require_extra(package: str, extra: str, *modules: str) -> None:
    """See that the modules of other projects that a package imports are installed.

    Args:
        package: Which package imports them.
        extra: The extra of lyftr that brings them.
        modules: Their names.

    Raises:
        ModuleNotFoundError: Some are missing; it names them and the extra.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(
            f"{package} needs {' and '.join(missing)}: pip install 'lyftr[{extra}]'",
            name=missing[0],
        )
