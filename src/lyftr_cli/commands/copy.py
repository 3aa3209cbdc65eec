"""`lyftr copy`: move everything to another database."""

from contextlib import ExitStack

import click
import msgspec

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.output.output import say
from lyftr_cli.output.progress import progress
from lyftr_runtime.copying import append_rest, digest, require_same

__all__ = ["copy"]

_EXAMPLES = """
\b
Examples:
  lyftr copy --from sqlite:///lyftr.db --to postgresql://lyftr@db1/inbox
  lyftr copy --to sqlite:////var/lib/lyftr/lyftr.db
"""


@click.command("copy", epilog=_EXAMPLES)
@click.option(
    "--from", "source_url", metavar="URL", help="Where from.  [default: that of DATABASE_URL]"
)
@click.option("--to", "target_url", metavar="URL", required=True, help="Where to.")
def copy(*, source_url: str | None, target_url: str) -> None:
    """Copy the whole log to another database, of the same kind or another.

    Messages keep their seq and received_at; removed ones and conflicts are copied too. Then both
    are read back, and compared by a checksum. What was cut off, even killed, goes on where it
    was when it is run again.

    The target must be empty, or filled by this command from the same database, and no server may
    use it before this is done. What the source gets meanwhile is not copied: run it again after
    the last server has stopped.

    Everybody on this machine can read a command line: let libpq find a password in PGPASSFILE or
    PGPASSWORD.
    """
    settings = settings_from_environment(check_secrets=False)
    from_url = settings.database_url if source_url is None else source_url
    source_database = database_for(
        msgspec.structs.replace(settings, database_url=from_url),
        "DATABASE_URL" if source_url is None else "--from",
    )
    target_database = database_for(
        msgspec.structs.replace(settings, database_url=target_url), "--to"
    )
    if source_database.is_same(target_database):
        raise click.ClickException(
            f"--to {target_database.store.name} is the database that is copied from;"
            " name another one"
        )
    with ExitStack() as stack:
        source = stack.enter_context(source_database.open_log_source())
        target = stack.enter_context(target_database.open_log_target())
        with progress("copy", unit="messages") as shown:
            count = append_rest(source, target, shown.show)
        with progress("verify", unit="messages") as shown:
            copied = digest(source, shown.show)
            held = digest(target, shown.show)
        require_same(source, copied, target, held)
        with progress("counts"):
            target.finish()
    say(f"{count} messages copied")
    for name, found in ((source.name, copied), (target.name, held)):
        say(f"{name}: {found}")
