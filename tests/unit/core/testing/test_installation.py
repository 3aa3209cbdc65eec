import subprocess
import sys

import pytest


def import_without(*missing: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.modules.update(dict.fromkeys({missing!r})); import lyftr_core.testing"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("missing", [["pytest"], ["hypothesis"], ["pytest", "hypothesis"]])
def test_missing_package_is_named_in_one_sentence(missing: list[str]) -> None:
    last_line = import_without(*missing).stderr.splitlines()[-1]
    names = " and ".join(missing)
    needs = f"lyftr_core.testing needs {names}: pip install 'lyftr[testing]'"
    assert last_line == f"ImportError: {needs}"


def test_core_itself_needs_neither() -> None:
    code = "import sys, lyftr_core; print(sorted({'pytest', 'hypothesis'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
