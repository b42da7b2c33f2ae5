import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error, positive_data_acceptance
from support.rows import Recording
from support.web import app_on

from traced.web.openapi import PATH, description

EXAMPLES = int(os.environ.get("TRACED_API_EXAMPLES", "3"))
PATHS: Any = description()["paths"]
OPERATIONS = [(path, method) for path in PATHS if path != PATH for method in PATHS[path]]
# Where nothing can be asked, nothing can be asked wrongly.
WRONG = [(path, method) for path, method in OPERATIONS if PATHS[path][method]["parameters"]]


@pytest.fixture(scope="module")
def schema() -> Iterator[Any]:
    """The description as the application serves it; a stream ends when it has begun."""
    with tempfile.TemporaryDirectory(prefix="traced-") as name:
        folder = Path(name)
        (folder / "spool").mkdir()
        recording = Recording(folder / "traced.db")
        session = recording.session("s1", steps=1)
        recording.prompt(session, 1)
        recording.agent(session, "a1")
        recording.step(session, 1)
        with closing(recording.connection):
            app = app_on(folder, stopping=lambda: True)
            yield schemathesis.openapi.from_asgi(PATH, app)


def check(case: Any) -> None:
    """Ask the application, and hold the answer against the description."""
    excluded = []
    # Of the right form, and yet no place of ours, or no word.
    if {"before", "q"}.intersection(case.query or ()):
        excluded.append(positive_data_acceptance)
    if case.path == "/healthz":  # there is no daemon, and 503 says so
        excluded.append(not_a_server_error)
    case.call_and_validate(excluded_checks=excluded)


def ask(operation: Any, mode: GenerationMode) -> None:
    """Ask what is right, or what is wrong, by the description."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask_one(case: Any) -> None:
        check(case)

    ask_one()


def test_the_description_is_served(schema: Any) -> None:
    """What is served is the description, as JSON."""
    assert schema.raw_schema == description()


@pytest.mark.parametrize("path", ["/api/traces/{session_id}", "/api/sessions/{session_id}"])
def test_documents_of_a_session_are_as_described(schema: Any, path: str) -> None:
    """What generated ids hardly ever meet: a session that is there."""
    check(schema[path]["GET"].Case(path_parameters={"session_id": "s1"}))


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_is_allowed_is_answered(schema: Any, path: str, method: str) -> None:
    """Whatever the description allows is answered as it says."""
    ask(schema[path][method.upper()], GenerationMode.POSITIVE)


@pytest.mark.parametrize(("path", "method"), WRONG)
def test_what_is_not_allowed_is_refused(schema: Any, path: str, method: str) -> None:
    """Whatever the description does not allow is refused as it says."""
    ask(schema[path][method.upper()], GenerationMode.NEGATIVE)
