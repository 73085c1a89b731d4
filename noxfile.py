"""One session a gate; ``nox`` runs them all, ``nox -s lint`` one of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True

CONSTRAINTS = ("-c", "constraints.txt")
PARALLEL = ("-n", "2", "--dist", "loadfile")  # by file: fixtures of a module are made once


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting."""
    session.install(*CONSTRAINTS, "ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly."""
    session.install(*CONSTRAINTS, "-e", ".", "mypy", "pandas-stubs")
    session.run("mypy")


@nox.session
def layers(session: nox.Session) -> None:
    """The architecture: nothing imports upwards."""
    session.install(*CONSTRAINTS, "-e", ".", "import-linter")
    session.run("lint-imports", "--no-logo")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, with coverage."""
    session.install(*CONSTRAINTS, "-e", ".[test]")
    session.run(
        "pytest", *PARALLEL, "--cov", "--cov-report=term-missing:skip-covered", *session.posargs
    )


@nox.session(default=False)
def native(session: nox.Session) -> None:
    """The compiled kernel: built, and held to NumPy's numbers. Needs a C++ compiler."""
    session.install(*CONSTRAINTS, "-e", ".[test]", "./native")
    rooms = ("tests/dsp", "tests/extractors", "tests/extraction", "tests/store")
    session.run("pytest", *rooms, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The generated pages are current."""
    session.install(*CONSTRAINTS, "-e", ".")
    session.run("python", "docs/generate.py", *(session.posargs or ["--check"]))


@nox.session
def site(session: nox.Session) -> None:
    """The documentation site: no broken link, every public name on it."""
    session.install(*CONSTRAINTS, "-e", ".[site]")
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def package(session: nox.Session) -> None:
    """Wheel and sdist: built, and each installed and used as a stranger would."""
    session.install(*CONSTRAINTS, "build")
    built = Path(session.create_tmp()) / "dist"
    shutil.rmtree(built, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(built), ".", silent=True)
    for archive in sorted(built.iterdir()):
        work = Path(session.create_tmp()) / archive.suffix.lstrip(".")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        session.install(*CONSTRAINTS, "--force-reinstall", "--no-deps", str(archive))
        session.install(*CONSTRAINTS, str(archive))
        with session.chdir(work):  # away from the checkout, so that the installed one is used
            session.run("serkit", "--version")
            session.run("serkit", "synth", "corpus", "--actors", "4")
            session.run("serkit", "extract", "corpus", "--features", "functionals")
            session.run("serkit", "train", "logreg", "--protocol", "speaker5")
            session.run("serkit", "compare")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Side-by-side measurements with the peers; name the corpus behind ``--``."""
    extras = "librosa,torch,tensorflow,datasets"
    session.install(*CONSTRAINTS, "-e", f".[{extras}]", "joblib", "./native")
    session.install(*CONSTRAINTS, "lhotse")  # a peer alone: whatever version fits beside the rest
    session.run("python", "-m", "benchmarks", *session.posargs)
