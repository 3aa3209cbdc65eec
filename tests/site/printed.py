"""Whether what was printed is what a page shows, but for what is another each time."""

import json
import re

__all__ = ["assert_shown"]

_VARYING = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<moment>"),
    (re.compile(r"dev-[0-9a-f]{8}"), "<identifier>"),
    (re.compile(r"[A-Za-z0-9_-]{60,}"), "<cursor or digest>"),
]


def assert_shown(language: str, shown: str, printed: str) -> None:
    """Compare; `…` in a line of a page stands for anything."""
    if language == "json":
        assert json.loads(_settled(printed)) == json.loads(_settled(shown))
        return
    pattern = "[^\n]*".join(map(re.escape, _settled(shown).strip().split("…")))
    assert re.fullmatch(pattern, _settled(printed).strip()), f"{printed}\nis not\n{shown}"


def _settled(text: str) -> str:
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text
