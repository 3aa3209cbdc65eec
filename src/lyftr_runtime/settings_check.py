"""Settings that a program makes by itself, held to the rules that variables are read by."""

from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin

import msgspec

from lyftr_runtime.settings import VARIABLES, InvalidSettings, Secret, Settings, refuse_secrets

__all__ = ["check_settings"]


def check_settings(settings: Settings) -> None:
    """Refuse values that no variable could have set.

    Args:
        settings: Made by `load_settings`, or by hand.

    Raises:
        TypeError: They are no `Settings`.
        InvalidSettings: Some fields have values that are not taken. The message names every one
            and repeats none.
    """
    given: object = settings
    if not isinstance(given, Settings):
        kind = type(given).__name__
        raise TypeError(f"the settings must be lyftr_runtime.settings.Settings, not {kind}")
    kinds = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    faults = [
        f"{field} {fault}"
        for field, read in VARIABLES.values()
        for fault in _faults(getattr(settings, field), kinds[field], read)
    ]
    names = {variable: field for variable, (field, _) in VARIABLES.items()}
    if faults := faults or list(refuse_secrets(settings, names)):
        raise InvalidSettings("; ".join(faults))


def _faults(value: object, kind: Any, read: Callable[[str], object]) -> Iterator[str]:  # noqa: ANN401 - any annotation
    if not _is_a(value, kind):
        shown = kind.__name__ if isinstance(kind, type) else str(kind)
        yield f"must be {shown.replace(f'{Secret.__module__}.', '')}, not {_kind(value)}"
        return
    parts = value if isinstance(value, tuple) else (value,) if value is not None else ()
    try:
        for part in parts:
            _require_readable(part, read)
    except ValueError as exc:
        yield str(exc)


def _kind(value: object) -> str:
    """Return of what type a value is, and what it holds."""
    parts = value if isinstance(value, tuple) else ()
    held = [value.value] if isinstance(value, Secret) else parts
    names = dict.fromkeys(map(_kind, held))
    return " ".join([type(value).__name__, *(["of", " and ".join(names)] if names else [])])


def _is_a(value: Any, kind: Any) -> bool:  # noqa: ANN401 - as above
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is_a(part, get_args(kind)[0]) for part in value)
    is_whole = not isinstance(value, Secret) or isinstance(value.value, str)
    return is_whole and isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _require_readable(value: object, read: Callable[[str], object]) -> None:
    """See that a variable could say the same.

    Raises:
        ValueError: It could not; the message repeats nothing of it.
    """
    try:
        text = _text(value)
        text.encode(errors="surrogateescape")  # as a variable comes
    except ValueError:  # an integer may have too many digits for Python
        raise ValueError("must be text that UTF-8 can hold, or a number of few digits") from None
    if not text:
        raise ValueError("must not be empty")
    found = read(text)
    if [_text(part) for part in (found if isinstance(found, tuple) else (found,))] != [text]:
        raise ValueError("must be written as its variable is read: without spaces, in that case")


def _text(value: object) -> str:
    if isinstance(value, Secret):
        return value.value
    return str(value).lower() if isinstance(value, bool) else str(value)
