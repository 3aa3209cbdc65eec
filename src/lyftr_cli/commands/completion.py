"""`lyftr completion`: let a shell complete commands and options."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

__all__ = ["completion"]

_NAME = "lyftr"
_VARIABLE = "_LYFTR_COMPLETE"
_SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}
_EXAMPLES = """
\b
Examples:
  lyftr completion bash >> ~/.bashrc
  lyftr completion zsh >> ~/.zshrc
  lyftr completion fish > ~/.config/fish/completions/lyftr.fish
"""


@click.command(epilog=_EXAMPLES)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands and options with the Tab key.

    Put it where the shell reads it at its start, and start a new one. Bash must be 4.4 or later.
    """
    script = _SHELLS[shell](context.find_root().command, {}, _NAME, _VARIABLE)
    # Not `source()`, which starts a bash to ask for its version.
    click.echo(script.source_template % script.source_vars())
