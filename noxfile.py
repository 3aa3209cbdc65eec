"""The checks of this project: `nox` runs those of each commit, `nox -t full` runs all of them."""

import os
import shutil
import subprocess
from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = ("-c", "constraints.txt")
# The rest of lyftr_http is left out: type checkers cannot infer the container's providers.
COMPLETELY_TYPED = (
    "lyftr_core",
    "lyftr_core.testing",
    "lyftr_sql",
    "lyftr_sqlite",
    "lyftr_postgres",
    "lyftr_runtime.settings",
)
INTERPRETERS = ("3.11", "3.12", "3.13", "3.14", "3.15")
FULL = ["full"]
DEEP = ["full", "deep"]
"""What `.ci/run` runs after `nox` alone."""
# More processes than two cores: many tests wait for a server or for a file.
PROCESSES = ("--numprocesses=3", "--dist=worksteal")
IN_PROCESS = ("tests/unit", "tests/adapters", "tests/api", "tests/commands")
ONE_SERVER = "tests/durability/test_one_server.py"


def _works(version: str) -> bool:
    """Tell whether an interpreter runs; that its name is on the path is not enough with pyenv."""
    command = shutil.which(f"python{version}")
    if command is None:
        return False
    return subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603 - found just above


PYTHONS = [version for version in INTERPRETERS if _works(version)]
FIRST = PYTHONS[0] if PYTHONS else None
LATEST = PYTHONS[-1] if PYTHONS else None

# Without bytecode files, every start of `lyftr` compiles its imports again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

nox.needs_version = ">=2026.2"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["check"]


def _install(session: nox.Session, *groups: str) -> None:
    """Install lyftr, editable, with its extras and some of the dependency groups."""
    dependencies = (name for group in groups for name in _group(group))
    session.install(*CONSTRAINTS, "-e", ".[server,postgres,testing]", *dependencies)


def _group(name: str) -> tuple[str, ...]:
    return nox.project.dependency_groups(PYPROJECT, name)


def _pytest(session: nox.Session, *arguments: str, profile: str = "fast") -> None:
    """Run tests; paths after `--` take the place of those of the session."""
    is_chosen = any(Path(word.partition("::")[0]).exists() for word in session.posargs)
    kept = [word for word in arguments if not (is_chosen and word.startswith("tests/"))]
    environment = {"HYPOTHESIS_PROFILE": os.environ.get("HYPOTHESIS_PROFILE", profile)}
    options = (*PROCESSES, "--durations=10", *kept, *session.posargs)
    session.run("pytest", *options, env=environment)


def _deep(session: nox.Session, *arguments: str) -> None:
    _install(session, "tests")
    _pytest(session, *arguments, profile="thorough")


@nox.session(python=FIRST, tags=FULL)
def check(session: nox.Session) -> None:
    """Check style, types and layers, and run the fast tests: enough before a commit."""
    _install(session, "check")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", "src", *IN_PROCESS, "tests/architecture", "tests/support")
    session.run("lint-imports")
    _pytest(session, "-m", "not postgres", "tests/architecture", *IN_PROCESS, ONE_SERVER)


def _tests(session: nox.Session) -> None:
    """Test units, SQLite, API and architecture; on the newest Python thoroughly, with commands."""
    _install(session, "unit")
    rooms = ["tests/architecture", "tests/unit", "tests/adapters", "tests/api"]
    if session.python == LATEST:
        _pytest(session, "-m", "not postgres", *rooms, "tests/commands", profile="thorough")
    else:
        _pytest(session, "-m", "not postgres", *rooms)


def _missing(session: nox.Session) -> None:
    session.skip(f"no {session.name.replace('tests-', 'Python ')} here")


for version in INTERPRETERS:
    name = f"tests-{version}"
    if version not in PYTHONS:
        nox.session(name=name, python=False, tags=DEEP)(_missing)
    elif version == FIRST != LATEST:  # `check` runs the same
        nox.session(name=name, python=version)(_tests)
    else:
        nox.session(name=name, python=version, tags=DEEP)(_tests)


@nox.session(python=FIRST, tags=DEEP)
def types(session: nox.Session) -> None:
    """Mypy, strict, on everything, and what type checkers say of the public names."""
    _install(session, "types", "tests")
    session.run("mypy")
    _pytest(session, "tests/typing")


@nox.session(python=FIRST, tags=DEEP)
def coverage(session: nox.Session) -> None:
    """Measure the branch coverage of the tests in one process and of some server processes."""
    _install(session, "unit", "coverage")
    # Only processes run the server, its connections and its workers.
    served = [f"tests/system/test_{name}.py" for name in ("workers", "connections", "framing")]
    again = "--ignore=tests/adapters/postgres/test_pgbouncer.py"  # the whole contract once more
    _pytest(session, "--cov", "--cov-report=term-missing", again, *IN_PROCESS, *served)


@nox.session(python=FIRST, tags=DEEP)
def system(session: nox.Session) -> None:
    """Real `lyftr` processes: limits, streams, workers, starts and ends."""
    _deep(session, "-m", "not postgres", "tests/system", "tests/bench", "tests/fuzz")


@nox.session(python=FIRST, tags=DEEP)
def postgres(session: nox.Session) -> None:
    """Tests that need a PostgreSQL, apart from durability."""
    _deep(session, "-m", "postgres", "tests/system", "tests/bench", *IN_PROCESS)


@nox.session(python=FIRST, tags=DEEP)
def durability(session: nox.Session) -> None:
    """Kills, power loss, full disks, failover: what was acknowledged is there."""
    _deep(session, "tests/durability")


@nox.session(python=FIRST, tags=DEEP)
def browser(session: nox.Session) -> None:
    """The page in a real browser."""
    _deep(session, "tests/browser")


@nox.session(python=FIRST, tags=DEEP)
def docs(session: nox.Session) -> None:
    """The documentation site, without the network; every block of it and the examples run."""
    _install(session, "tests")
    site = Path("docs", "_build").resolve()
    session.run("sphinx-build", "-W", "--keep-going", "-n", "-E", "-q", "docs", str(site))
    session.log(f"the site is {(site / 'index.html').as_uri()}")
    session.env["SITE"] = str(site)
    _pytest(session, "tests/site", "tests/examples", profile="thorough")


@nox.session(python=FIRST, tags=DEEP)
def deploy(session: nox.Session) -> None:
    """What is in deploy/, with the programs that read it."""
    _deep(session, "tests/deploy")


@nox.session(python=FIRST, tags=DEEP)
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


@nox.session(python=FIRST)
def mutation(session: nox.Session) -> None:
    """Changes of the core that the tests must notice; arguments go to `mutmut run`."""
    session.install(*CONSTRAINTS, "-e", ".[testing]", *_group("mutation"))
    session.run("python", "-m", "tests.mutation", *session.posargs)


@nox.session(python=FIRST)
def fuzz(session: nox.Session) -> None:
    """A million inputs for each parser and signature scheme; `-- --help` lists arguments."""
    session.install(*CONSTRAINTS, "-e", ".[testing]", *_group("fuzz"))
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session(python=FIRST)
def torture(session: nox.Session) -> None:
    """Kills under load, 300 on SQLite and 150 on PostgreSQL; arguments go to pytest."""
    _install(session, "tests")
    session.env.setdefault("KILL_ROUNDS", "300")
    files = (
        "tests/durability/test_kill_9.py",
        "tests/durability/test_postgres_torture.py",
    )
    session.run("pytest", *files, *session.posargs)


@nox.session(python=FIRST)
def bench(session: nox.Session) -> None:
    """The benchmark; needs wrk and two cores. Arguments go to it: `-- --help` lists them."""
    session.install(*CONSTRAINTS, "-e", ".[server,postgres]", *_group("bench"))
    session.run("python", "-m", "bench", *session.posargs)


@nox.session(python=FIRST)
def lock(session: nox.Session) -> None:
    """Update constraints.txt to the newest version of everything, without addresses."""
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
