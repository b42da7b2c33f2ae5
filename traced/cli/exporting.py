"""
The command that writes what was recorded for other programs: export.

Law: it needs no daemon and holds the database no longer than a page of rows; a file appears under
its name once it is whole.
"""

import os
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from traced import __version__
from traced.cli.common import Database, OfAgent, OfUser, database, since_option
from traced.cli.output import complain, print_pieces
from traced.core.errors import TracedError
from traced.export import jsonl, otlp, perfetto, table
from traced.show.amounts import counted
from traced.show.escape import printable, printable_json
from traced.store import queries
from traced.store.exporting import PromptEntry, Row, SessionRows, Wanted, rows
from traced.store.pages import INT64_MAX
from traced.store.reader import ReadConnection, snapshot
from traced.telemetry import names


class Format(StrEnum):
    """The forms of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    OTLP = "otlp"
    PERFETTO = "perfetto"


# Those that keep content unless told otherwise; the others are made to be handed to somebody.
COMPLETE = frozenset({Format.JSONL, Format.CSV})


Of = Annotated[
    str | None,
    typer.Argument(
        metavar="[SESSION]",
        help="A session id, the beginning of one, or `last`. Default: all sessions.",
    ),
]
Form = Annotated[Format, typer.Option("--format", "-f", help="jsonl holds everything.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: standard output.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace FILE, once the new one is whole.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only what began within the last 15m, 24h, 7d, or since a date.",
    ),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Only what began before this.")
]
Content = Annotated[
    bool | None,
    typer.Option(
        "--content/--no-content",
        help="Include arguments, results and prompts. Default: only in jsonl and csv.",
    ),
]
Schema = Annotated[
    bool, typer.Option("--schema", help="Print the JSON Schema of the lines of jsonl.")
]


def export(
    session: Of = None,
    form: Form = Format.JSONL,
    output: Output = None,
    *,
    force: Force = False,
    since: Since = None,
    until: Until = None,
    content: Content = None,
    schema: Schema = False,
    agent: OfAgent = None,
    uid: OfUser = None,
    db: Database = None,
) -> None:
    """
    Write what was recorded as JSON lines, CSV, OTLP/JSON or a Chrome trace.

    jsonl holds everything, csv only the steps, otlp the spans that OpenTelemetry's backends and
    collectors read; perfetto opens at ui.perfetto.dev, with a lane for each sub-agent.

    Example: traced export last -f perfetto -o session.json
    """
    if schema:
        print_pieces([jsonl.schema()])
        return
    if output is not None:
        _check_free(output, force=force)
    told = form in COMPLETE if content is None else content
    since_ms = 0 if since is None else since_option(since, "--since")
    until_ms = INT64_MAX if until is None else since_option(until, "--until")
    if since_ms >= until_ms:
        raise typer.BadParameter(
            f"{until!r}, expected a later time than {since!r} of --since", param_hint="--until"
        )
    wanted = Wanted(None, agent, uid, since_ms, until_ms, content=told)
    counts = _Counts()
    with database(db) as connection:
        if session is not None:
            wanted = wanted._replace(session_pk=_key(connection, session, agent, uid))
        pieces = _pieces(form, counts.counted(rows(connection, wanted)), content=told)
        if output is None:
            print_pieces(pieces)
            return
        _write(output, pieces)
    complain(
        f"{output}: {counted(counts.sessions, 'session')} with {counted(counts.steps, 'step')}"
    )


def _check_free(path: Path, *, force: bool) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise TracedError(f"{path} cannot be written: {error.strerror}") from error
    if not stat.S_ISREG(mode):  # as root a device would be replaced, too
        raise TracedError(
            f"{path} is not a regular file: name another, or leave out --output for standard output"
        )
    if not force:
        raise TracedError(f"{path} already exists: add --force to replace it")


class _Counts:
    """What was read."""

    def __init__(self) -> None:
        self.sessions = 0
        self.steps = 0

    def counted(self, found: Iterable[Row]) -> Iterator[Row]:
        """Yield the same rows."""
        for row in found:
            if isinstance(row, SessionRows):
                self.sessions += 1
            elif not isinstance(row, PromptEntry):
                self.steps += 1
            yield row


def _key(connection: ReadConnection, session: str, agent: str | None, uid: int | None) -> int:
    with snapshot(connection):
        return queries.resolve_session(connection, session, agent, uid).pk


def _pieces(form: Format, found: Iterable[Row], *, content: bool) -> Iterator[bytes]:
    """Return the pieces of the document, safe for a terminal."""
    match form:
        case Format.CSV:
            shown = sys.stdout.isatty()
            return (_line_shown(line) if shown else line for line in table.lines(found))
        case Format.JSONL:
            now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
            pieces = jsonl.lines(found, __version__, now.replace("+00:00", "Z"))
        case Format.OTLP:
            resource = {
                names.SERVICE_NAME: names.SERVICE,
                names.SERVICE_VERSION: __version__,
                names.HOST_NAME: socket.gethostname(),
            }
            pieces = otlp.lines(found, resource, __version__, content=content)
        case Format.PERFETTO:
            pieces = perfetto.pieces(found, __version__, content=content)
    return (printable_json(piece.decode()).encode() for piece in pieces)


def _line_shown(line: bytes) -> bytes:
    return printable(line.decode().removesuffix("\r\n")).encode() + b"\n"


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """
    Make the file under another name in its folder, for its owner alone, and rename it.

    A link to a file stays one: what it names is replaced.

    Raises:
        TracedError: If it cannot be written.
    """
    try:
        place = path.resolve()
        number, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(number)
            os.replace(name, place)  # noqa: PTH105 - mkstemp gives a text
        except BaseException:
            os.unlink(name)  # noqa: PTH108 - the same
            raise
    except OSError as error:
        raise TracedError(f"{path} cannot be written: {error.strerror or error}") from error
