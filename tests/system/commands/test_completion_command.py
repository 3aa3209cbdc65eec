"""`lyftr completion`, in the shells themselves."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.server import LYFTR, PATIENCE, Lyftr, environment

_COMPLETE = """
set -eu
PATH={folder}:$PATH
source {folder}/completion
complete -p lyftr
COMP_WORDS=({words}) COMP_CWORD={index}
_lyftr_completion lyftr
printf '%s\n' "${{COMPREPLY[@]}}"
"""


def completed(lyftr: Lyftr, folder: Path, *words: str) -> set[str]:
    """Return what bash makes of the Tab key behind the words."""
    done = lyftr("completion", "bash")
    assert (done.returncode, done.stderr) == (0, b"")
    (folder / "completion").write_bytes(done.stdout)
    command = folder / "lyftr"
    command.write_text(f'#!/bin/sh\nexec {shlex.join(LYFTR)} "$@"\n')
    command.chmod(0o755)
    script = _COMPLETE.format(
        folder=shlex.quote(str(folder)), words=shlex.join(words), index=len(words) - 1
    )
    shell = subprocess.run(
        ["bash", "--norc", "-c", script],  # noqa: S607 - the user's shell
        env=environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    first, *proposals = shell.stdout.splitlines()
    assert first.endswith("_lyftr_completion lyftr")
    return set(proposals)


def test_bash_completes_commands_and_options(lyftr: Lyftr, tmp_path: Path) -> None:
    assert completed(lyftr, tmp_path, "lyftr", "se") == {"serve", "send", "search"}
    assert completed(lyftr, tmp_path, "lyftr", "tail", "--f") == {"--follow", "--from"}
    assert completed(lyftr, tmp_path, "lyftr", "completion", "") == {"bash", "zsh", "fish"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_can_read_what_is_printed(lyftr: Lyftr, shell: str) -> None:
    script = lyftr("completion", shell).stdout
    assert b"_LYFTR_COMPLETE" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, timeout=PATIENCE, check=True)
