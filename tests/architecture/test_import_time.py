"""What an import of the core costs, beside that of msgspec, which it cannot do without."""

import os
import subprocess
import sys

_ROUNDS = 15
# Processor time, which other processes do not use up.
_MEASURE = """
import sys, time
start = time.process_time()
__import__(sys.argv[1])
print(time.process_time() - start)
"""
# What a coverage tool does in the child is not the question.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("COV")}


def processor_time(module: str) -> float:
    """Return how many seconds of processor time an import takes in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, module],
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def test_importing_the_core_takes_at_most_twice_what_importing_msgspec_takes() -> None:
    times = [(processor_time("lyftr_core"), processor_time("msgspec")) for _ in range(_ROUNDS)]
    core, msgspec = map(min, zip(*times, strict=True))  # the least disturbed of each
    assert core <= 2 * msgspec, f"{core / msgspec:.2f} times"
