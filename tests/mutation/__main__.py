"""`python -m tests.mutation`: change `lyftr_core` bit by bit, and see that the tests notice.

mutmut makes the mutants. What survives must be in `survivors.toml`, with the reason why no test
can tell it from the original; what stands there and does not survive must go. A mutant that never
ends, or takes all memory, is noticed as well as one that fails a test.
"""

import re
import resource
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_LOWEST_SCORE = 0.95
_NOTICED = {"killed", "timeout"}
_MEMORY = 4 * 1024**3
"""In bytes, for each process."""
_SURVIVORS = Path(__file__).with_name("survivors.toml")
_RESULT = re.compile(r"^\s*(\S+): (.+)$", re.MULTILINE)
# mutmut names a mutant `module.xǁClassǁmethod__mutmut_1` or `module.x_function__mutmut_1`.
_NUMBER = re.compile(r"__mutmut_\d+$")


class Mutant(NamedTuple):
    """A mutant by what stays the same when others come and go."""

    where: str
    becomes: str


def main() -> int:
    """Run mutmut from nothing, and compare what survived with what may."""
    shutil.rmtree("mutants", ignore_errors=True)  # its memory does not notice changed tests
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    _mutmut("run", *sys.argv[1:], show=True)
    results = _RESULT.findall(_mutmut("results", "--all", "true"))
    survivors = {_describe(name) for name, status in results if status not in _NOTICED}
    killed = sum(status in _NOTICED for _, status in results)
    print(f"{len(results)} mutants, {killed} killed ({killed / len(results):.1%})")  # noqa: T201 - its output
    return _complain(_faults(survivors, killed / len(results)))


def _faults(survivors: set[Mutant], score: float) -> Iterable[str]:
    listed = _listed()
    if score < _LOWEST_SCORE:
        yield f"fewer than {_LOWEST_SCORE:.0%} were killed"
    for mutant in sorted(survivors - listed):
        yield f"survived and is not listed: {mutant.where}: {mutant.becomes}"
    for mutant in sorted(listed - survivors):
        yield f"is listed and did not survive: {mutant.where}: {mutant.becomes}"


def _listed() -> set[Mutant]:
    entries = tomllib.loads(_SURVIVORS.read_text())["survivors"]
    return {Mutant(entry["where"], line) for entry in entries for line in entry["becomes"]}


def _describe(name: str) -> Mutant:
    """Return where a mutant is, and what the changed lines became."""
    diff = _mutmut("show", name).splitlines()
    added = [line[1:].strip() for line in diff if line[:1] == "+" and line[:3] != "+++"]
    module, _, function = _NUMBER.sub("", name).rpartition(".")
    function = function.replace("ǁ", ".").removeprefix("x.").removeprefix("x_")
    return Mutant(f"{module}.{function}", " ".join(added))


def _mutmut(*arguments: str, show: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        stdout=None if show else subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout or ""


def _complain(faults: Iterable[str]) -> int:
    status = 0
    for status, fault in enumerate(faults, 1):  # noqa: B007 - whether there was one
        print(fault, file=sys.stderr)  # noqa: T201 - its output
    return min(status, 1)


if __name__ == "__main__":
    sys.exit(main())
