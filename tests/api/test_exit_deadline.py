"""The end of a process that was told to end: what is left of its time."""

import subprocess
import sys
import time

from lyftr_http.server.exit_deadline import ExitDeadline

_ENDLESS = """
import threading
from lyftr_http.server.exit_deadline import ExitDeadline
ExitDeadline(0.2).begin()
threading.Event().wait()
"""


def test_time_counts_from_its_beginning_and_a_second_one_changes_nothing() -> None:
    deadline = ExitDeadline(3600)
    assert deadline.left() == 3600
    deadline.begin()
    time.sleep(0.01)
    first = deadline.left()
    deadline.begin()
    assert 0 < deadline.left() <= first < 3600


def test_process_that_does_not_end_is_ended_and_says_so() -> None:
    command = [sys.executable, "-c", _ENDLESS]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr == b"lyftr: not closed after 0.2 s, ending all the same\n"
