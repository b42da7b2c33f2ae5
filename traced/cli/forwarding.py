"""
The command that sends what was recorded to a backend of OpenTelemetry: forward.

Law: it needs no daemon and holds back none; what sends is an extra, loaded by this command alone.
"""

import os
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from traced.cli.common import AsJson, Database
from traced.cli.extras import load
from traced.forward.progress import FOLDER
from traced.forward.standing import standings, told
from traced.logs import configure, tell_missing
from traced.settings import effective
from traced.show.escape import printable
from traced.store.bounded import bounded_reader
from traced.streams import put_stderr_aside

READ_SECONDS_MAX: Final = 30.0


Endpoint = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The backend; /v1/traces is added"
        "  [env: OTEL_EXPORTER_OTLP_ENDPOINT; default: http://localhost:4318].",
    ),
]
Content = Annotated[
    bool, typer.Option("--content", help="Send arguments, results and prompts too.")
]
Once = Annotated[
    bool, typer.Option("--once", help="Send what there is, then exit; 1 if that fails.")
]
SkipRecorded = Annotated[
    bool, typer.Option("--skip-recorded", help="On the first run, send only what ends from now on.")
]
CursorFile = Annotated[
    Path | None,
    typer.Option(
        "--cursor",
        metavar="FILE",
        help="Where it keeps its position  [default: one file per backend, in the state folder].",
        show_default=False,
    ),
]
Status = Annotated[
    bool, typer.Option("--status", help="Show each forwarder's progress, then exit.")
]


def forward(
    *,
    endpoint: Endpoint = None,
    content: Content = False,
    once: Once = False,
    skip_recorded: SkipRecorded = False,
    cursor: CursorFile = None,
    status: Status = False,
    as_json: AsJson = False,
    db: Database = None,
) -> None:
    """
    Stream what was and will be recorded to an OpenTelemetry backend.

    OTLP over HTTP, with the standard variables: OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS, _PROTOCOL
    (http/protobuf, http/json), _COMPRESSION (gzip, none), _TIMEOUT (milliseconds), _CERTIFICATE,
    _CLIENT_CERTIFICATE and _CLIENT_KEY, each also as OTEL_EXPORTER_OTLP_TRACES_…;
    OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. A span is sent when what it shows has ended, one
    trace per prompt. After a stop or an outage it resumes where it was; nothing waits for it.

    Example: traced forward --endpoint http://localhost:4318
    """
    found = effective({"db": db}, os.environ)
    folder = found.folders.state / FOLDER
    if status:
        _show(folder, found.config.db, as_json=as_json)
        return
    way = load("traced.cli.bringing", "otlp")
    put_stderr_aside(tell_missing)
    configure(found.config.log_format, found.config.log_level)
    way.bring(found, os.environ, way.Asked(endpoint, content, once, skip_recorded, cursor))


def _show(folder: Path, database: Path, *, as_json: bool) -> None:
    with bounded_reader(database, READ_SECONDS_MAX) as connection:
        found = standings(folder, database, connection)
    if as_json:
        typer.echo(msgspec.json.encode({"forwarders": found}).decode())
        return
    if not found:
        typer.echo("nothing has been forwarded yet; see `traced forward --help`", err=True)
    for standing in found:
        for label, text in told(standing):
            typer.echo(f"{label:<13}{printable(text)}")
        typer.echo()
