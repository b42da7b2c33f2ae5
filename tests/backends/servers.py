"""Real backends of OpenTelemetry, each in a virtual environment of its own, on loopback alone."""

import base64
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx

START_SECONDS = 180.0
END_SECONDS = 30.0
# Phoenix binds gRPC to all addresses whatever it is told; MLflow's client prints spans as JSON.
PHOENIX = """
import sys
import grpc.aio
listen = grpc.aio.Server.add_insecure_port
def on_loopback(self, address):
    return listen(self, address.replace("[::]", "127.0.0.1"))
grpc.aio.Server.add_insecure_port = on_loopback
from phoenix.server.main import main
sys.argv = ["phoenix", "serve"]
main()
"""
READ_MLFLOW = """
import json, sys
from mlflow import MlflowClient
found = MlflowClient(sys.argv[1]).search_traces(["0"], max_results=500)
print(json.dumps([span.to_dict() for trace in found for span in trace.data.spans]))
"""


class Seen(NamedTuple):
    """A span as a backend gives it back: ids in hexadecimal, times as far as both keep them."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    is_error: bool
    start_us: int
    end_us: int


class Given(NamedTuple):
    """What a backend gives back: its spans, and the attributes of each by its id."""

    spans: set[Seen]
    attributes: dict[str, dict[str, Any]]


class Phoenix:
    """Arize Phoenix."""

    name = "phoenix"
    headers = ""
    health = "/readyz"

    def __init__(self, venv: Path, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [str(venv / "bin/python"), "-c", PHOENIX]
        self.variables = {
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(self.port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_WORKING_DIR": str(folder),
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        }

    def read(self) -> Given:
        """Ask its API for all spans."""
        rows: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            asked = {"limit": "500", **cursor}
            answer = httpx.get(f"{self.url}/v1/projects/default/spans", params=asked)
            if answer.status_code == 404:  # nothing came yet
                return Given(set(), {})
            page = answer.raise_for_status().json()
            rows += page["data"]
            if not page["next_cursor"]:
                break
            cursor = {"cursor": page["next_cursor"]}
        spans = {
            Seen(
                row["context"]["trace_id"],
                row["context"]["span_id"],
                row["parent_id"] or "",
                row["name"],
                row["status_code"] == "ERROR",
                _microseconds(row["start_time"]),
                _microseconds(row["end_time"]),
            )
            for row in rows
        }
        # The kind becomes a column of its own.
        attributes = {
            row["context"]["span_id"]: row["attributes"]
            | {"openinference.span.kind": row["span_kind"]}
            for row in rows
        }
        return Given(spans, attributes)


class MLflow:
    """MLflow's tracking server."""

    name = "mlflow"
    headers = "x-mlflow-experiment-id=0"
    health = "/health"

    def __init__(self, venv: Path, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._python = str(venv / "bin/python")
        self.command = [
            *(str(venv / "bin/mlflow"), "server", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
            *("--default-artifact-root", str(folder / "artifacts")),
        ]
        # Without the second it asks a public host for prices at the first model.
        self.variables = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_MODEL_CATALOG_URI": ""}

    def read(self) -> Given:
        """Ask its own client for all spans."""
        done = subprocess.run(
            [self._python, "-c", READ_MLFLOW, self.url],
            env=os.environ | self.variables,
            stdout=subprocess.PIPE,
            timeout=120,
            check=True,
        )
        rows = json.loads(done.stdout.splitlines()[-1])
        spans = {
            Seen(
                _hexadecimal(row["trace_id"]),
                _hexadecimal(row["span_id"]),
                _hexadecimal(row["parent_span_id"] or ""),
                row["name"],
                row["status"]["code"].endswith("ERROR"),
                row["start_time_unix_nano"] // 1000,
                row["end_time_unix_nano"] // 1000,
            )
            for row in rows
        }
        return Given(spans, {_hexadecimal(row["span_id"]): _decoded(row) for row in rows})


Server = Phoenix | MLflow


@contextmanager
def serving(server: Server, folder: Path) -> Iterator[Server]:
    """Run a backend for the length of the block."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            server.command,
            env=kept | server.variables | {"HOME": str(folder)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port of loopback that nobody listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{server.name} ended: {log.read_text()[-2000:]}"
        try:
            if httpx.get(server.url + server.health).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{server.name} was not ready in {START_SECONDS} s: {log}")


def _microseconds(time_text: str) -> int:
    return round(datetime.fromisoformat(time_text).timestamp() * 1_000_000)


def _hexadecimal(text: str) -> str:
    """MLflow gives ids as base64."""
    return base64.b64decode(text).hex()


def _decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    """MLflow keeps each attribute as JSON."""
    return {key: json.loads(value) for key, value in row["attributes"].items()}
