"""Both sides of the comparison run: the product's writer, and what it does in one plain loop."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.plan import CONNECTIONS


@pytest.mark.parametrize("name", ["writer alone", "sqlite3 module"])
def test_each_side_stores_every_message_and_tells_its_seconds(name: str, tmp_path: Path) -> None:
    # It checks the stored messages itself, and ends with 1 where one is missing.
    command = [sys.executable, "-m", "bench.writer", name, str(10 * CONNECTIONS), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert float(done.stdout) > 0
