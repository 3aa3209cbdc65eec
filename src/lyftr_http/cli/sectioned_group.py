"""The group of all commands: its help lists them under headings, in an order of our choice."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from lyftr_http.cli.standard_output import require_open_output

__all__ = ["SectionedGroup"]


class SectionedGroup(click.Group):
    """A click group that has its commands in sections."""

    _sections: Mapping[str, Sequence[click.Command]] = {}

    def add_sections(self, sections: Mapping[str, Sequence[click.Command]]) -> None:
        """Add commands.

        Args:
            sections: The commands by heading; both in the order in which the help shows them.
        """
        self._sections = sections
        for commands in sections.values():
            for command in commands:
                self.add_command(command)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click has it
    ) -> click.Context:
        """Read the arguments; `--help` prints here.

        Raises:
            OutputClosed: The reader of its output has ended.
        """
        with _noticing_closed_output():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command.

        Raises:
            OutputClosed: The reader of its output has ended.
        """
        with _noticing_closed_output():
            result: object = super().invoke(ctx)
            return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of each section."""
        widest = max(len(name) for name in self.list_commands(ctx))
        room = formatter.width - widest - 6  # an indent, a gap, and as much at the end
        for heading, commands in self._sections.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(f"{c.name:{widest}}", c.get_short_help_str(room)) for c in commands]
                )


@contextmanager
def _noticing_closed_output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # Another pipe may break, too: that is an error like others.
        require_open_output()
        raise
