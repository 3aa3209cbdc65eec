"""Whom a server of the tests runs as."""

import os
import pwd
from pathlib import Path
from typing import TypedDict

__all__ = ["Account", "give", "unprivileged"]

_CANDIDATES = ("postgres", "nobody")


class Account(TypedDict, total=False):
    """What `subprocess` needs to start a process as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


def unprivileged() -> Account:
    """Return another account where the tests run as root: PostgreSQL and pgbouncer refuse it."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next(known[name] for name in _CANDIDATES if name in known)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give(path: Path, account: Account) -> None:
    """Make a file or a folder that of an account."""
    if account:
        os.chown(path, account["user"], account["group"])
