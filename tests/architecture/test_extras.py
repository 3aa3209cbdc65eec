"""A package whose dependencies are missing says which extra brings them."""

import subprocess
import sys

import pytest

_PACKAGES = {
    "lyftr_sqlite": ("server", "sqlalchemy", "aiosqlite", "alembic"),
    "lyftr_postgres": ("postgres", "psycopg", "sqlalchemy"),
    "lyftr_http.app": ("server", "litestar", "dependency_injector"),
    "lyftr_runtime.settings": ("server", "dotenv"),
}
_CODE = """
import importlib, sys
package, name = sys.argv[1:]
sys.modules[name] = None
try:
    importlib.import_module(package)
except ImportError as exc:
    print(type(exc).__name__, exc)
"""


@pytest.mark.parametrize(
    ("package", "extra", "missing"),
    [
        (package, extra, name)
        for package, (extra, *missing) in _PACKAGES.items()
        for name in missing
    ],
)
def test_the_extra_is_named(package: str, extra: str, missing: str) -> None:
    arguments = [sys.executable, "-c", _CODE, package, missing]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    top = package.partition(".")[0]
    assert done.stdout == (
        f"ModuleNotFoundError {top} needs {missing}: pip install 'lyftr[{extra}]'\n"
    )
