"""Every block of code on a page runs, in order, and prints what the page shows."""

import contextlib
import doctest
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site.pages import PAGES, Block, blocks_of, page_name
from tests.site.printed import assert_shown
from tests.site.reader import PATIENCE, Reader

_RUN_HERE = {"python", "sh", "json", "output", "stop"}
_NOT_RUN_HERE = {"text", "nginx", "ini"}
"""Of these nginx is run by `test_nginx.py`; text is for trees of files."""
_TOOLS = ("bash", "curl", "openssl")
_BY_OTHERS = {
    "docs/how-to/nginx.md",
    "docs/how-to/back-up-and-restore.md",
    "docs/how-to/move-to-postgresql.md",
    "docs/how-to/postgresql.md",
}
"""Pages that tests of their own run, under more than a reader would see."""


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with Reader(tmp_path) as reader:
        yield reader


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page_name(page) not in _BY_OTHERS], ids=page_name
)
def test_what_a_page_has_its_reader_do_works(
    page: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(reader.folder)
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = None
    for block in filter(lambda block: block.is_run, blocks_of(page)):
        match block.language:
            case "stop":
                reader.stop()
            case "sh":
                printed = reader.run(block)
            case "json" | "output" if printed is not None:
                assert_shown(block.language, block.text, printed)
            case "python":
                _run_python(block, page, namespace, reader.folder)
        if block.language not in {"json", "output"}:
            printed = printed if block.language == "sh" else None


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_block_is_of_a_kind_that_is_run_or_needs_no_running(page: Path) -> None:
    kinds = {block.language for block in blocks_of(page) if not block.language.startswith("{")}
    assert kinds <= _RUN_HERE | _NOT_RUN_HERE


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    left_out = [block for page in PAGES for block in blocks_of(page) if not block.is_run]
    assert all(len(block.comment) > len("not run: ") + 10 for block in left_out)
    assert len(left_out) <= 6


def test_there_are_blocks_of_every_kind() -> None:
    kinds = [block.language for page in PAGES for block in blocks_of(page)]
    assert min(map(kinds.count, _RUN_HERE)) >= 1


def _run_python(block: Block, page: Path, namespace: dict[str, object], folder: Path) -> None:
    where = f"{page}, line {block.line}"
    if block.file_name:
        (folder / block.file_name).write_text(block.text)
    if block.file_name and block.file_name.startswith("test_"):
        _run_pytest(folder / block.file_name)
    elif block.text.startswith(">>> "):
        _run_doctest(block.text, where, namespace)
    else:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(block.text, where, "exec"), namespace)  # noqa: S102 - the page's own code
        says = re.findall(r"^print\(.*\)  # (.*)$", block.text, re.MULTILINE)
        assert output.getvalue().splitlines() == says, where


def _run_doctest(text: str, where: str, namespace: dict[str, object]) -> None:
    test = doctest.DocTestParser().get_doctest(text, namespace, where, where, 0)
    test.globs = namespace  # not a copy: blocks build on one another
    report = io.StringIO()
    result = doctest.DocTestRunner(verbose=False).run(test, out=report.write, clear_globs=False)
    assert result.attempted > 0
    assert result.failed == 0, report.getvalue()


def _run_pytest(file: Path) -> None:
    options = ("-q", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(file)],
        cwd=file.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
