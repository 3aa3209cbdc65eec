"""What the documents say is what the code does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lyftr_core import FaultCode
from lyftr_http.exchange.errors import WebhookResult
from lyftr_http.observability.metrics import StreamEnding
from lyftr_runtime.settings import VARIABLES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("deploy/*.md"), *ROOT.glob("docs/**/*.md")])


EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_library_example_runs_and_prints_what_it_says(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EXAMPLES[0]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "created\n"


def test_the_contract_example_is_a_whole_test_file(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(EXAMPLES[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 50


def test_every_result_of_webhooks_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    (table,) = re.findall(r"^\| `result` \| meaning \|\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(WebhookResult)


def test_every_ending_of_a_stream_is_documented() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    (row,) = re.findall(r"^\| `message_streams_ended_total` \|.*$", text, re.MULTILINE)
    assert [ending for ending in StreamEnding if f"`{ending}`" not in row] == []


def test_every_fault_code_is_documented_and_no_other() -> None:
    documented = re.findall(
        r"^\| `(\w+)` \|", _section("validation.md", "Fault codes"), re.MULTILINE
    )
    assert documented == sorted(FaultCode)


def test_every_variable_is_documented_and_no_other() -> None:
    assert re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE) == list(VARIABLES)


def test_every_file_the_readme_names_is_there() -> None:
    named = re.findall(r"^(src/\S+|tests/|docs/) ", README, re.MULTILINE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_test_command_of_the_readme_is_the_one_that_ci_runs() -> None:
    (command,) = re.findall(r"^python3 .*nox$", README, re.MULTILINE)
    assert f"\n{command} && " in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def _section(name: str, title: str) -> str:
    text = (ROOT / "docs" / name).read_text()
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(section)
