"""The server against its own OpenAPI: schemathesis asks what the schema allows, and what not."""

from __future__ import annotations

import pytest

import serkit
from serkit.results.finding import find_run

pytest.importorskip("fastapi")
schemathesis = pytest.importorskip("schemathesis")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

from serkit.web.app import create_app  # noqa: E402

HOST = {"Host": "localhost:8000"}

OPERATIONS = ["GET /health", "GET /ready", "GET /model", "POST /predict", "POST /stream"]

NOT_IN_THE_SCHEMA = [positive_data_acceptance]
"""A schema cannot say that bytes are audio, nor that the hop is no longer than the window."""


@pytest.fixture(scope="module")
def described(speech_runs):
    app = create_app(serkit.load(find_run(speech_runs, "logreg-luna5")))
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers=HOST)


def test_every_operation_is_called(described):
    assert [each.ok().label for each in described.get_all_operations()] == OPERATIONS


def asked(described, operation, mode):
    """Ask an operation; every answer must be one that its description knows."""
    method, _, path = operation.partition(" ")
    cases = described[path][method].as_strategy(mode)

    @settings(max_examples=8)
    @given(st.data())
    def ask(data):
        data.draw(cases).call_and_validate(headers=HOST, excluded_checks=NOT_IN_THE_SCHEMA)

    ask()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_valid_requests_get_documented_responses(described, operation):
    asked(described, operation, schemathesis.GenerationMode.POSITIVE)


@pytest.mark.parametrize("operation", OPERATIONS[3:])
def test_invalid_requests_are_refused(described, operation):
    asked(described, operation, schemathesis.GenerationMode.NEGATIVE)
