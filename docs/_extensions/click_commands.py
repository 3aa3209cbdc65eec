"""`{click-commands}`: the reference of a command line, from the click objects themselves."""

import inspect
import re
from importlib import import_module
from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["ClickCommands", "setup"]


class ClickCommands(SphinxDirective):
    """A section for each command of a group: usage, text, options, examples.

    The argument is `module:object`.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the sections; see `docutils`."""
        module, _, name = self.arguments[0].partition(":")
        group = getattr(import_module(module), name)
        prefix = "lyftr"
        context = click.Context(group, info_name=prefix)
        return [
            *_description(group, context),
            *(
                self._section(
                    group.commands[name], click.Context(group.commands[name], context, name)
                )
                for name in sorted(group.commands)
            ),
        ]

    def _section(self, command: click.Command, context: click.Context) -> nodes.Node:
        title = context.command_path
        section = nodes.section(
            ids=[nodes.make_id(title)], names=[nodes.fully_normalize_name(title)]
        )
        section += nodes.title("", "", nodes.literal(title, title))
        section += _description(command, context)
        self.state.document.note_explicit_target(section)
        return section


def _description(command: click.Command, context: click.Context) -> list[nodes.Node]:
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    described: list[nodes.Node] = [
        _literal(command.get_usage(context).removeprefix("Usage: ")),
        *(nodes.paragraph("", " ".join(paragraph.split())) for paragraph in paragraphs),
    ]
    options = [record for p in command.params if (record := p.get_help_record(context))]
    if options:
        described.append(_definitions(options))
    if command.epilog:
        described.append(_literal(_plain(command.epilog)))
    return described


def _definitions(records: list[tuple[str, str]]) -> nodes.Node:
    listing = nodes.definition_list()
    for term, meaning in records:
        listing += nodes.definition_list_item(
            "",
            nodes.term("", "", nodes.literal(term, term)),
            nodes.definition("", nodes.paragraph("", re.sub(r"\s+", " ", meaning))),
        )
    return listing


def _plain(epilog: str) -> str:
    return epilog.replace("\b", "").replace("Examples:\n", "").strip("\n")


def _literal(text: str) -> nodes.Node:
    text = inspect.cleandoc(text)
    return nodes.literal_block(text, text, language="text")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("click-commands", ClickCommands)
    return {"parallel_read_safe": True}
