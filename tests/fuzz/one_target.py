"""`python -m tests.fuzz.one_target NAME ARGUMENTS`: one target, by atheris, in this process.

libFuzzer, on which atheris stands, ends the process itself: hence one for each target.
"""

import sys
from pathlib import Path

import atheris

# Not the second reading: to follow that too makes each input twenty times as slow.
with atheris.instrument_imports(include=["lyftr_core"], exclude=["lyftr_core.testing"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until the arguments of libFuzzer say that it is enough, or something fails."""
    name, corpus, *arguments = sys.argv[1:]
    target = TARGETS[name]
    folder = Path(corpus)
    for number, seed in enumerate(target.some_seeds()):
        (folder / f"seed-{number}").write_bytes(seed)
    words = folder.with_suffix(".dict")
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    atheris.Setup([sys.argv[0], corpus, f"-dict={words}", *arguments], target.check)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
