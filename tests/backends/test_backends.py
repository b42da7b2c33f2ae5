"""
`traced forward` into backends that are not ours, read back through their own APIs.

TRACED_BACKENDS names the folder with a virtual environment for each: `make backends` makes it.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from backends.servers import Given, MLflow, Phoenix, Seen, Server, serving
from support.daemon import Daemon
from support.recorded import FIXTURES, Scenario

pytestmark = [pytest.mark.backends, pytest.mark.timeout(600)]
READ_SECONDS = 120.0
# With sub-agents in parallel, in the background and within each other, errors, denials, MCP.
SCENARIOS = sorted((FIXTURES / "claude-code").glob("*/*.jsonl"))


@pytest.fixture(scope="module")
def venvs() -> Path:
    """Where the backends are installed."""
    folder = os.environ.get("TRACED_BACKENDS")
    if folder is None:
        pytest.skip("TRACED_BACKENDS is not set: run make backends")
    return Path(folder).absolute()


@pytest.fixture(params=[Phoenix, MLflow], ids=["phoenix", "mlflow"])
def server(request: pytest.FixtureRequest, venvs: Path, tmp_path: Path) -> Iterator[Server]:
    """A backend that runs, and holds nothing yet."""
    kind: type[Server] = request.param
    folder = tmp_path / "backend"
    folder.mkdir()
    with serving(kind(venvs / kind.name, folder), folder) as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that recorded all sessions of Claude Code that we have."""
    with Daemon(tmp_path / "d", "--capture", "full") as running:
        for path in SCENARIOS:
            if not path.name.endswith(".meta.jsonl"):
                running.send(*Scenario(path).envelopes())
        yield running


def forwarded(daemon: Daemon, server: Server, *options: str) -> None:
    """Forward what is there."""
    # MLflow answers once it has stored, which on a busy machine takes its time.
    daemon.settings = {
        "OTEL_EXPORTER_OTLP_HEADERS": server.headers,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "60000",
    }
    done = daemon.traced("forward", "--once", "--endpoint", server.url, *options)
    assert done.returncode == 0, done.stderr


def expected(daemon: Daemon) -> tuple[set[Seen], dict[str, dict[str, Any]]]:
    """Return the spans of `traced export`, but of what runs, and the attributes of each."""
    spans: set[Seen] = set()
    attributes: dict[str, dict[str, Any]] = {}
    for line in daemon.traced("export", "-f", "otlp", "--content").stdout.splitlines():
        for span in json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            told = {each["key"]: value_of(each["value"]) for each in span["attributes"]}
            if told.get("traced.step.status") == "running":
                continue
            start, end = (int(span[f"{name}TimeUnixNano"]) // 1000 for name in ("start", "end"))
            ids = (span["traceId"], span["spanId"], span.get("parentSpanId", ""))
            is_error = span["status"].get("code") == 2
            spans.add(Seen(*ids, span["name"], is_error, start, end))
            attributes[span["spanId"]] = told
    return spans, attributes


def value_of(value: dict[str, Any]) -> Any:
    """Return a value of OTLP/JSON as Python's."""
    ((kind, held),) = value.items()
    return int(held) if kind == "intValue" else held


def is_same(given: Any, value: Any) -> bool:
    """Compare an attribute; MLflow takes a text that is JSON for what it says."""
    if given == value or not isinstance(value, str):
        return bool(given == value)
    try:
        return bool(given == json.loads(value))
    except ValueError:
        return False


def read_until(server: Server, number: int) -> Given:
    """Read until so many spans are there: Phoenix stores them after its answer."""
    deadline = time.monotonic() + READ_SECONDS
    while True:
        found = server.read()
        if len(found.spans) >= number or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def test_what_was_sent_is_read_back(daemon: Daemon, server: Server) -> None:
    """Each span once, with parent, times, status and attributes, also when all is sent twice."""
    forwarded(daemon, server, "--content")
    wanted, attributes = expected(daemon)

    found = read_until(server, len(wanted))
    assert found.spans == wanted

    forwarded(daemon, server, "--content", "--cursor", str(daemon.folder / "anew"))
    assert read_until(server, len(wanted)).spans == wanted

    different = {
        (span_id, key)
        for span_id, told in attributes.items()
        for key, value in told.items()
        if not is_same(found.attributes[span_id].get(key), value)
    }
    assert different == set()
