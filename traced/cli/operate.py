"""Commands of the operator: run the daemon, show its state."""

import os
import shlex
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import anyio
import msgspec
import structlog
import typer

from traced.cli.asking import ask
from traced.cli.figures import told
from traced.cli.output import complain
from traced.core.errors import NotAnswering, NotRunning
from traced.daemon import serve
from traced.folders import prepare_folders
from traced.logs import configure, tell_missing
from traced.settings import Effective, effective
from traced.show.escape import printable
from traced.streams import greet, put_stderr_aside

Socket = Annotated[
    Path | None,
    typer.Option(
        "--socket", metavar="PATH", help="The socket the daemon listens on.", show_default=False
    ),
]
Database = Annotated[
    Path | None, typer.Option("--db", metavar="PATH", help="The database file.", show_default=False)
]
Spool = Annotated[
    Path | None,
    typer.Option(
        "--spool",
        metavar="PATH",
        help="The folder that holds events while no daemon is running.",
        show_default=False,
    ),
]
Durability = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help="What acknowledged events survive: power (loss) or process (death).",
    ),
]
Capture = Annotated[
    str | None,
    typer.Option(metavar="MODE", help="How much content is stored: metadata, summary or full."),
]
LogLevel = Annotated[
    str | None,
    typer.Option(metavar="LEVEL", help="Lowest level logged: debug, info, warning or error."),
]
LogFormat = Annotated[
    str | None,
    typer.Option(metavar="FORMAT", help="Log format on stderr: auto, text, json or journal."),
]

FIRST_EVENT: Final = '{"v":1,"session_id":"try","trace_type":"tool","name":"hello"}'


def run(
    socket: Socket = None,
    db: Database = None,
    spool: Spool = None,
    durability: Durability = None,
    capture: Capture = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """
    Run the daemon in the foreground, until Ctrl-C or SIGTERM.

    Settings come from flags, then TRACED_* variables, then config.toml, then defaults. SIGHUP
    (without a terminal) reloads config.toml: capture, redact.patterns, spool_scan_seconds,
    drain_seconds_max, retention.days_max, retention.bytes_max and log_level change at once, the log
    names what needs a restart, and a file with mistakes changes nothing.

    Example: traced run --capture full
    """
    flags = {
        "socket": socket,
        "db": db,
        "spool": spool,
        "durability": durability,
        "capture": capture,
        "log_level": log_level,
        "log_format": log_format,
    }
    found = effective(flags, os.environ)
    config = found.config
    put_stderr_aside(tell_missing)
    configure(config.log_format, config.log_level)
    for warning in found.warnings:
        structlog.get_logger().warning("variable_unknown", detail=warning)
    _prepare(found)
    is_managed = "NOTIFY_SOCKET" in os.environ
    announce = partial(_announce, found, is_managed=is_managed)
    anyio.run(serve, config, announce, lambda: effective(flags, os.environ).config)


def _prepare(found: Effective) -> None:
    config = found.config
    prepare_folders(
        db=config.db,
        socket=config.socket,
        spool=config.spool,
        own=found.folders,
        is_shared=config.senders == "group",
    )


def status(
    socket: Socket = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """
    Show the daemon's state.

    Exits 1 if no daemon answers, or if it cannot store anything just now (`retrying`).

    Example: traced status --json
    """
    try:
        answer = ask(socket_places(socket), "status")
    except NotRunning as error:
        if as_json:
            typer.echo('{"running":false}')
        else:
            typer.echo(f"{error}\n{_what_to_do(error)}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(msgspec.json.encode(answer).decode())
    else:
        for label, text in told(answer):
            typer.echo(f"{label:<13}{printable(text)}")
    if answer.get("state") == "retrying":
        complain("Nothing can be stored just now: the daemon's log says why (`writer_stalled`)")
        raise typer.Exit(1)


def _what_to_do(error: NotRunning) -> str:
    if isinstance(error, NotAnswering):
        return "It takes in what was spooled before it answers; if that lasts, see its log"
    return "Start it: traced run"


def socket_places(socket: Path | None) -> list[Path]:
    """Return where the daemon may listen, by the flag or the settings."""
    return effective({"socket": socket}, os.environ).socket_places


def _announce(found: Effective, *, is_managed: bool) -> None:
    # Under systemd nobody reads this: its log has the same in one line.
    if is_managed:
        return
    config = found.config
    greet(
        "\n".join(
            [
                f"traced records into  {config.db}",
                f"and listens on       {config.socket}",
                "",
                "Send a first event:",
                f"  sock={shlex.quote(str(config.socket))}",
                f"  echo '{FIRST_EVENT}' | nc -NU \"$sock\"",
                "See it:               traced show last",
                "Record Claude Code:   traced install claude-code",
                "Stop:                 Ctrl-C",
            ]
        )
    )
