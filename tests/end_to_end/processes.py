"""The processes of a server, as Linux tells of them."""

from pathlib import Path

__all__ = ["serving_processes"]


def serving_processes(parent: int, database: Path) -> set[int]:
    """Return the descendants of a process that have a database open: its workers that serve."""
    found = set()
    for child in _children(parent):
        if _has_open(child, database):
            found.add(child)
        found |= serving_processes(child, database)
    return found


def _children(process: int) -> set[int]:
    children: set[int] = set()
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            children.update(map(int, (task / "children").read_text().split()))
    except (FileNotFoundError, ProcessLookupError):
        pass  # it ends just now
    return children


def _has_open(process: int, file: Path) -> bool:
    try:
        return any(entry.readlink() == file for entry in Path(f"/proc/{process}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # it ends just now
