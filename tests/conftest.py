import os
import signal
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.postgresql.fixtures"]

# How long an example takes says something of the machine, and nothing of the code.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", _PATIENT)
settings.register_profile("fast", _PATIENT, max_examples=20)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
# The same examples for every mutant, and few: there are hundreds of mutants.
settings.register_profile("mutation", _PATIENT, derandomize=True, max_examples=25)

_SHOWN = "shown"
_POSTGRES = {"postgres_installation", "postgres_server"}


def pytest_configure() -> None:
    # A shell has what it runs in the background ignore Ctrl-C, and so would all that tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need PostgreSQL; skip `thorough` tests in other profiles."""
    is_thorough = settings.get_current_profile_name() == "thorough"
    for item in items:
        if not is_thorough and item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.skip(reason="takes long: HYPOTHESIS_PROFILE=thorough"))
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if _POSTGRES & {*getattr(item, "fixturenames", ())} or "postgresql" in parameters.values():
            item.add_marker(pytest.mark.postgres)


@pytest.fixture
def show(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Shows a line below the results, whether the test passes or fails."""
    return lambda line: record_property(_SHOWN, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for rs in terminalreporter.stats.values() for r in rs if hasattr(r, "nodeid")]
    lines = {
        f"{report.nodeid.rpartition('::')[2]}: {line}": None
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, line in report.user_properties
        if name == _SHOWN
    }
    if lines:
        terminalreporter.section("shown by tests")
        for line in lines:
            terminalreporter.write_line(line)
