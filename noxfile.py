"""The checks of this project: `nox` runs all of them, `nox -s NAME` one."""

import os
import shutil
import subprocess
from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = ("-c", "constraints.txt")
WITH_EXTRAS = ("-e", ".[server,postgres,testing]")
# Not the rest of lyftr_http: how the container is wired, each provider says, and checkers agree.
COMPLETELY_TYPED = (
    "lyftr_core",
    "lyftr_core.testing",
    "lyftr_sql",
    "lyftr_sqlite",
    "lyftr_postgres",
    "lyftr_http.settings",
)


def _works(version: str) -> bool:
    """Tell whether an interpreter runs; that its name is on the path is not enough with pyenv."""
    command = shutil.which(f"python{version}")
    if command is None:
        return False
    return subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603 - found just above


PYTHONS = [version for version in ("3.11", "3.12", "3.13") if _works(version)]

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "imports", "docs", "tests", "package"]


def _group(name: str) -> tuple[str, ...]:
    return nox.project.dependency_groups(PYPROJECT, name)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, every rule but those that pyproject.toml excuses."""
    session.install(*CONSTRAINTS, *_group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, on the sources and the tests."""
    session.install(*CONSTRAINTS, *WITH_EXTRAS, *_group("types"), *_group("tests"))
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """The layers of the design, held by import-linter."""
    session.install(*CONSTRAINTS, *WITH_EXTRAS, *_group("imports"))
    session.run("lint-imports")


@nox.session(python=PYTHONS[:1] or None)
def docs(session: nox.Session) -> None:
    """The documentation site, without the network; every warning is an error."""
    session.install(*CONSTRAINTS, *WITH_EXTRAS, *_group("docs"))
    site = Path("docs", "_build").resolve()
    session.run("sphinx-build", "-W", "--keep-going", "-n", "-E", "-q", "docs", str(site))
    session.log(f"the site is {(site / 'index.html').as_uri()}")


@nox.session(python=PYTHONS or None)
def tests(session: nox.Session) -> None:
    """The tests, on the first interpreter all with branch coverage; arguments go to pytest."""
    session.install(*CONSTRAINTS, *WITH_EXTRAS, *_group("tests"))
    is_first = session.python in {None, *PYTHONS[:1]}
    # Real processes, PostgreSQL, browsers and documents show the same on every interpreter.
    folders = [f"tests/{name}" for name in ("architecture", "cli", "core", "http", "sql", "sqlite")]
    scope = ("--cov", "--cov-report=term-missing") if is_first else ("-m", "not once", *folders)
    # More processes than two cores: many of the tests wait for a server more than they work.
    processes = ("--numprocesses=4", "--dist=worksteal")
    session.run("pytest", *processes, "--durations=10", *scope, *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """The wheel: complete, importable with msgspec alone, able to serve, typed for its users."""
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder / "dist", ignore_errors=True)
    session.install(*CONSTRAINTS, "build", "hatchling")
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"))
    (wheel,) = (folder / "dist").glob("*.whl")
    checks = Path("tests", "package").resolve()
    session.chdir(folder)
    for name, extra, check in [
        ("core", "", "check_core.py"),
        ("server", "[server]", "check_server.py"),
    ]:
        python = _empty_environment(session, folder / name)
        constraints = ("-c", str(Path(session.invoked_from, "constraints.txt")))
        requirement = f"lyftr{extra} @ {wheel.as_uri()}"
        session.run(python, "-m", "pip", "install", "-q", *constraints, requirement, external=True)
        session.run(python, "-W", "error", str(checks / check), external=True)
    _check_consumer(session, folder, wheel, checks / "consumer")


def _check_consumer(session: nox.Session, folder: Path, wheel: Path, project: Path) -> None:
    """Check and test, from the wheel alone, a project that uses every public name."""
    python = _empty_environment(session, folder / "consumer")
    constraints = ("-c", str(Path(session.invoked_from, "constraints.txt")))
    requirement = f"lyftr[server,postgres,testing] @ {wheel.as_uri()}"
    tools = _group("consumer")
    session.run(
        *(python, "-m", "pip", "install", "-q", *constraints, requirement, *tools), external=True
    )
    copy = folder / "project"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(project, copy)
    session.chdir(copy)
    session.run(python, "-m", "mypy", ".", external=True)
    session.run(python, "-m", "pyright", "--pythonpath", python, "--warnings", external=True)
    # Asked of a package, pyright takes the environment from the path alone; nox puts its own first.
    path = os.pathsep.join([str(Path(python).parent), os.environ["PATH"]])
    for package in COMPLETELY_TYPED:
        complete = (python, "-m", "pyright", "--ignoreexternal", "--verifytypes", package)
        session.run("env", f"PATH={path}", *complete, external=True)
    session.run(python, "-W", "error", "serving.py", external=True)
    tests = sorted(file.name for file in copy.glob("check_*.py"))
    pytest = ("-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    session.run(python, *pytest, *tests, external=True)


def _empty_environment(session: nox.Session, folder: Path) -> str:
    session.run("python", "-m", "venv", "--clear", str(folder))
    return str(folder / "bin" / "python")


@nox.session(default=False, python=PYTHONS[:1] or None)
def mutation(session: nox.Session) -> None:
    """Changes of the core that the tests must notice; arguments go to `mutmut run`."""
    session.install(*CONSTRAINTS, "-e", ".[testing]", *_group("mutation"))
    session.run("python", "-m", "tests.mutation", *session.posargs)


@nox.session(default=False, python=PYTHONS[:1] or None)
def fuzz(session: nox.Session) -> None:
    """A million inputs for each parser and signature scheme; `-- --help` lists arguments."""
    session.install(*CONSTRAINTS, "-e", ".[testing]", *_group("fuzz"))
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session(default=False)
def torture(session: nox.Session) -> None:
    """Kills under load, 300 on SQLite and 150 on PostgreSQL; arguments go to pytest."""
    session.install(*CONSTRAINTS, *WITH_EXTRAS, *_group("tests"))
    session.env.setdefault("KILL_ROUNDS", "300")
    files = (
        "tests/end_to_end/test_kill_9.py",
        "tests/end_to_end/test_postgres_torture.py",
    )
    session.run("pytest", "--no-cov", *files, *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """The benchmark; needs wrk and two cores. Arguments go to it: `-- --help` lists them."""
    session.install(*CONSTRAINTS, "-e", ".[server,postgres]", *_group("bench"))
    session.run("python", "-m", "bench", *session.posargs)


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Write constraints.txt anew: the newest version of everything, without addresses."""
    session.install("uv")
    session.run(
        *("uv", "pip", "compile", "--universal", "--python-version=3.11", "--upgrade"),
        *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
        *(
            "--all-extras",
            "--group=dev",
            "--group=mutation",
            "--group=fuzz",
            "pyproject.toml",
            "--output-file=constraints.txt",
        ),
    )
