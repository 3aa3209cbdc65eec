"""A later version of the program, whose tables have one more revision than those of this one."""

import runpy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from msgspec.structs import force_setattr

from lyftr_postgres.schema.revision import SCHEMA as POSTGRES
from lyftr_sqlite.schema.revision import SCHEMA as SQLITE

__all__ = ["HALF_WAY", "LATER", "SCHEMAS", "later_version", "write_later_version"]

LATER = "later"
"""The identifier of the revision."""
HALF_WAY = "half way"
"""What a migration that stops there prints first."""
SCHEMAS = {"sqlite": SQLITE, "postgresql": POSTGRES}

_MIGRATION = """
import time
from alembic import op

revision = {later!r}
down_revision = {head!r}

def upgrade():
    op.execute("ALTER TABLE messages ADD COLUMN source TEXT")
    op.execute("UPDATE messages SET source = 'home'")
    {stop}
    op.execute("CREATE TABLE refused (name TEXT NOT NULL PRIMARY KEY)")
"""
_STOP = f"print({HALF_WAY!r}, flush=True); time.sleep(600)"
_ADOPT = """
from msgspec.structs import force_setattr
from {package}.schema.revision import SCHEMA

force_setattr(SCHEMA, "scripts", {scripts!r})
force_setattr(SCHEMA, "revisions", (*SCHEMA.revisions, {later!r}))
"""


def write_later_version(folder: Path, *, stops: bool = False) -> Path:
    """Write the migrations of that version, and a module that makes a process one of it.

    Args:
        folder: Where; it must not exist.
        stops: Whether the new migration stops half way.

    Returns:
        What is to be the `PYTHONPATH` of such a process.
    """
    folder.mkdir()
    for schema in SCHEMAS.values():
        package = schema.scripts.partition(":")[0]
        scripts = folder / package
        with as_file(files(package) / "migrations") as present:
            shutil.copytree(present, scripts)
        migration = _MIGRATION.format(later=LATER, head=schema.head, stop=_STOP if stops else "")
        (scripts / "versions" / "later.py").write_text(migration)
        with (folder / "sitecustomize.py").open("a") as module:
            module.write(_ADOPT.format(package=package, scripts=str(scripts), later=LATER))
    return folder


@contextmanager
def later_version(folder: Path) -> Iterator[None]:
    """Make this process one of that version for as long as a block runs.

    Args:
        folder: As `write_later_version` returns it.
    """
    before = [(schema, schema.scripts, schema.revisions) for schema in SCHEMAS.values()]
    runpy.run_path(str(folder / "sitecustomize.py"))
    try:
        yield
    finally:
        for schema, scripts, revisions in before:
            force_setattr(schema, "scripts", scripts)
            force_setattr(schema, "revisions", revisions)
