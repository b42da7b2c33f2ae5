"""A database written by hand, the command line as a process, and a clock that stands in UTC."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.otlp import Backend, backend
from support.rows import START, Recording

HANG_SECONDS = 60  # generous: only a command that hangs comes near it

Traced = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local times are UTC, here and in the processes started from here."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    """An empty database, open for writing."""
    recorded = Recording(tmp_path / "traced.db")
    with closing(recorded.connection):
        yield recorded


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose database is the recording."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("TRACED_", "XDG_")) and key not in {"COLUMNS", "NO_COLOR"}
    }
    changed = {"HOME": str(tmp_path), "TRACED_DB": str(tmp_path / "traced.db")}
    return kept | changed | {"PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def traced(environment: dict[str, str]) -> Traced:
    """Run `traced` with arguments, and with variables beside those of the environment."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "traced", *arguments],
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=HANG_SECONDS,
            check=False,
        )

    return run


@pytest.fixture
def otlp() -> Iterator[Backend]:
    """A backend of OpenTelemetry that takes everything."""
    with backend() as running:
        yield running


@pytest.fixture
def environ(
    environment: dict[str, str], otlp: Backend, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The environment of a user whose spans go there."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url, "NO_PROXY": "127.0.0.1"}


@pytest.fixture
def session(recording: Recording) -> int:
    """A session with a prompt and a step, with content; its key."""
    pk = recording.session(ended_at=START)
    recording.prompt(pk, 1, summary="Fix it", started_at=START, ended_at=START + 5)
    recording.step(pk, 1, input_summary="ls", started_at=START)
    return pk
