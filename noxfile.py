"""One session a gate; ``nox`` runs them all, ``nox -s lint`` one of them."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True

CONSTRAINTS = ("-c", "constraints.txt")


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
    session.run("pytest", "--cov", "--cov-report=term-missing:skip-covered", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The generated pages are current."""
    session.install(*CONSTRAINTS, "-e", ".")
    session.run("python", "docs/generate.py", *(session.posargs or ["--check"]))


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Side-by-side measurements; name the corpus behind ``--``."""
    session.install(*CONSTRAINTS, "-e", ".[librosa]")
    session.run("python", "benchmarks/extraction.py", *session.posargs)
