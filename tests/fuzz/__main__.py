"""`python -m tests.fuzz`: look for inputs that `lyftr_core` does not take as its rules say."""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.targets import TARGETS

_LONGEST = 5_000
"""Of an input, in bytes: room for a text that is too long."""


def main() -> int:
    """Fuzz each target in a process of its own, one after the other."""
    parser = argparse.ArgumentParser("fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each [1000000]")
    parser.add_argument("--seed", type=int, default=0, help="another one, other inputs [by chance]")
    parser.add_argument("--findings", type=Path, default=Path(".fuzz"), help="for what fails")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(
            f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}"
        )
    options.findings.mkdir(exist_ok=True)
    failed = [name for name in options.targets or TARGETS if not _fuzz(name, options)]
    print(f"failed: {', '.join(failed)}" if failed else "nothing failed")  # noqa: T201 - its output
    return 1 if failed else 0


def _fuzz(name: str, options: argparse.Namespace) -> bool:
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        arguments = (
            *(f"-runs={options.inputs}", f"-max_len={_LONGEST}", f"-seed={options.seed}"),
            *(f"-artifact_prefix={options.findings.absolute()}/{name}-", "-timeout=60"),
            *("-print_final_stats=1", "-verbosity=0"),
        )
        command = [sys.executable, "-m", "tests.fuzz.one_target", name, str(corpus), *arguments]
        status = subprocess.run(command, check=False).returncode
    for found in options.findings.glob(f"{name}-*"):
        print(f"{found}: {found.read_bytes()[:2_000]!r}")  # noqa: T201 - its output
    seconds = time.monotonic() - begin
    result = "passed" if status == 0 else "FAILED before all of them were tried"
    print(f"{name}: {options.inputs} inputs, {seconds:.0f} s: {result}", flush=True)  # noqa: T201 - its output
    return status == 0


if __name__ == "__main__":
    sys.exit(main())
