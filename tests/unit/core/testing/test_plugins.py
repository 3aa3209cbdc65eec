"""The contract in a project of its own, under each plugin that runs coroutines."""

import re
from pathlib import Path

import pytest

from tests.unit.core.testing.project import NO_ASYNCIO, WRONG, run_pytest

LOOP_SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")  # it warns where that is unset
PLUGINS = pytest.mark.parametrize(
    ("mark", "arguments"),
    [
        pytest.param("@pytest.mark.asyncio", LOOP_SCOPE, id="asyncio-strict"),
        pytest.param("", (*LOOP_SCOPE, "-o", "asyncio_mode=auto"), id="asyncio-auto"),
        pytest.param("@pytest.mark.anyio", NO_ASYNCIO, id="anyio"),
    ],
)


@pytest.mark.thorough
@PLUGINS
def test_contract_passes_under_each_plugin(
    mark: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    output = run_pytest(tmp_path, *arguments, mark=mark)
    summary = output.splitlines()[-1]
    assert re.fullmatch(r"1\d\d passed in .*", summary), output


@pytest.mark.thorough
@PLUGINS
def test_contract_fails_under_each_plugin(
    mark: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    chosen = ("-k", "every_id_comes_back or any_sequence")
    output = run_pytest(tmp_path, *arguments, *chosen, mark=mark, adapter=WRONG)
    assert output.splitlines()[-1].startswith("2 failed, 1"), output
    assert "state = " in output
    assert "state.conflicts(limit=" in output


@pytest.mark.thorough
def test_contract_without_a_plugin_says_what_it_needs(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, *NO_ASYNCIO, "-p", "no:anyio", "-x", mark="")
    assert "async def functions are not natively supported" in output
