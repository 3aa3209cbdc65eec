"""`lyftr conflicts`: list deliveries whose `message_id` was there already with other content."""

import asyncio
import json

import click
from msgspec.structs import asdict

from lyftr_core import Conflict, ConflictPage, format_timestamp
from lyftr_http.cli.environment import container_for, settings_from_environment
from lyftr_http.container import Container

__all__ = ["conflicts"]

# ASCII alone: other characters may turn a line of a terminal round, or be two columns wide.
_encode = json.JSONEncoder(ensure_ascii=True, default=format_timestamp).encode
_TITLES = ("DELIVERIES", "FIRST RECEIVED", "LAST RECEIVED", "FIELDS", "MESSAGE ID")


@click.command()
@click.option(
    "--limit", metavar="N", type=int, help="At most how many, up to 10000.  [default: 100]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def conflicts(*, limit: int | None, as_json: bool) -> None:
    """List deliveries that came under a known message_id with other content.

    The first message was kept. A line says how often others came, when, and which fields differ;
    the latest come first. MESSAGE ID is in quotes, and escaped where it is not ASCII, as in JSON.
    A server may run.
    """
    page = asyncio.run(_read(container_for(settings_from_environment()), limit))
    for line in _json_lines(page) if as_json else _table(page):
        click.echo(line)
    if page.has_more:
        click.echo(f"only the latest {len(page.items)} are shown; --limit shows more", err=True)


async def _read(container: Container, limit: int | None) -> ConflictPage:
    list_conflicts = container.list_conflicts()
    async with container.store().reading():
        return await (list_conflicts() if limit is None else list_conflicts(limit))


def _json_lines(page: ConflictPage) -> list[str]:
    return [_encode(asdict(conflict)) for conflict in page.items]


def _table(page: ConflictPage) -> list[str]:
    if not page.items:
        return ["no conflicts"]
    rows = [_TITLES, *map(_cells, page.items)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _cells(conflict: Conflict) -> tuple[str, ...]:
    return (
        str(conflict.deliveries),
        format_timestamp(conflict.first_received_at),
        format_timestamp(conflict.last_received_at),
        ",".join(conflict.fields),
        _encode(conflict.message_id),  # the last, as it may be long
    )
