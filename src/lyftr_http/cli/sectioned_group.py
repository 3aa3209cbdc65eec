"""A group of commands whose help lists them under headings, in an order of our choice."""

from collections.abc import Mapping, Sequence

import click

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of each section."""
        widest = max(len(name) for name in self.list_commands(ctx))
        room = formatter.width - widest - 6  # an indent, a gap, and as much at the end
        for heading, commands in self._sections.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(f"{c.name:{widest}}", c.get_short_help_str(room)) for c in commands]
                )
