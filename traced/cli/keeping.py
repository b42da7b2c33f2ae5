"""Commands of the operator that keep the database small and safe: prune, backup."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import anyio
import msgspec
import typer

from traced.cli.amounts import parse_length, parse_size
from traced.cli.asking import ask
from traced.cli.common import AsJson, Database, database
from traced.cli.operate import Socket
from traced.cli.output import print_json
from traced.config import Config
from traced.core.errors import AlreadyRunning, NotRunning, TracedError
from traced.ingest.locks import locked
from traced.ingest.removing import Removed, Run
from traced.ingest.retention import Told
from traced.ingest.slices import ALONE
from traced.logs import configure
from traced.settings import Effective, effective
from traced.show.amounts import counted, size
from traced.store.backup import back_up
from traced.store.retention import Limits, Plan, limits_of, plan
from traced.store.store import open_store

LOOK_SECONDS: Final = 0.1

OlderThan = Annotated[
    int | None,
    typer.Option(
        "--older-than",
        metavar="LENGTH",
        parser=parse_length,
        help="Remove sessions without an event for this long: 30d, 12h. Default: the setting.",
    ),
]
MaxSize = Annotated[
    int | None,
    typer.Option(
        "--max-size",
        metavar="SIZE",
        parser=parse_size,
        help="Remove the least recently used sessions until the database is this size: 1GiB."
        " Default: the setting.",
    ),
]


def prune(
    older_than: OlderThan = None,
    max_size: MaxSize = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed; remove nothing.")
    ] = False,
    db: Database = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """
    Remove old sessions now, and free the space they take.

    The daemon does this every hour, by the settings retention.days_max and retention.bytes_max. A
    session used in the last 24 hours is always kept.

    Example: traced prune --older-than 30d --dry-run
    """
    found = effective({"db": db, "socket": socket}, os.environ)
    limits = limits_of(found.config.retention_days_max, found.config.retention_bytes_max)
    limits = Limits(
        limits.age_ms_max if older_than is None else older_than,
        limits.bytes_max if max_size is None else max_size,
    )
    with database(found.config.db) as connection:
        planned = plan(connection, limits, time.time_ns() // 1_000_000)
    if dry_run:
        _tell_plan(planned, as_json=as_json)
        return
    _tell_removed(_remove(found, limits), as_json=as_json)


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The copy to be made, in a folder that exists.")
    ],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file of that name, once the copy is whole.")
    ] = False,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """
    Copy the database to a file while the daemon records, and check the copy.

    To restore it: stop the daemon, move traced.db, traced.db-wal and traced.db-shm away, put the
    copy in place of traced.db, start the daemon.

    Example: traced backup /backups/traced-monday.db
    """
    began = time.perf_counter()
    made = back_up(effective({"db": db}, os.environ).config.db, file.absolute(), replace=force)
    if as_json:
        told = {
            "file": str(made.path),
            "bytes": made.bytes,
            "schema_version": made.schema_version,
            "sessions": made.recorded.sessions,
            "steps": made.recorded.steps,
            "seconds": round(time.perf_counter() - began, 3),
        }
        print_json({"backup": told})
        return
    typer.echo(
        f"{made.path}: {_counted(made.recorded.sessions, made.recorded.steps)},"
        f" {size(made.bytes)}, checked"
    )


def _remove(found: Effective, limits: Limits) -> Removed:
    """Remove, or let the daemon do so that holds the database."""
    try:
        return anyio.run(_remove_here, found.config, limits)
    except AlreadyRunning as held:
        try:
            return _let_remove(found, limits)
        except NotRunning:
            raise held from None  # by another prune, or a daemon that is somewhere else


async def _remove_here(config: Config, limits: Limits) -> Removed:
    configure("text", "error")
    with locked(config.db, "database") as lock:
        async with open_store(config.db, config.durability, lock.keep) as store:
            alone = Run(store, config.db, lambda: 0, shares=ALONE, free_bytes_kept=0)
            return await alone.remove(limits)


def _let_remove(found: Effective, limits: Limits) -> Removed:
    """Let the daemon remove what is over the limits, which under load takes minutes."""
    return let_prune(found, msgspec.structs.asdict(limits))


def let_prune(found: Effective, wanted: Mapping[str, object]) -> Removed:
    """Let the daemon remove what is wanted by the keys of a ``prune``; wait until it is done."""
    answer = ask(found.socket_places, "prune", {"db": str(found.config.db), **wanted})
    request = msgspec.convert(answer["request"], int)
    while True:
        status = ask(found.socket_places, "status")
        told = msgspec.convert(status["retention"], Told)
        if told.requests_done >= request:
            break
        time.sleep(LOOK_SECONDS)
    if told.failure is not None or told.last is None:
        raise TracedError(f"not all could be removed, the daemon continues later: {told.failure}")
    return told.last


def _tell_plan(planned: Plan, *, as_json: bool) -> None:
    if as_json:
        told = {
            "dry_run": True,
            "sessions": len(planned.sessions),
            "steps": planned.steps,
            "bytes": planned.bytes_about,
            "bytes_used": planned.bytes_used,
            "unmet": planned.unmet,
        }
        print_json({"prune": told})
        return
    share = f"about {size(planned.bytes_about)} of {size(planned.bytes_used)}"
    typer.echo(f"would remove {_counted(len(planned.sessions), planned.steps)}: {share}")
    _tell_unmet(planned.unmet)


def _tell_removed(removed: Removed, *, as_json: bool) -> None:
    if as_json:
        print_json({"prune": {"dry_run": False, **msgspec.structs.asdict(removed)}})
        return
    sizes = f"the database has {size(removed.bytes_after)}, it had {size(removed.bytes_before)}"
    typer.echo(f"removed {_counted(removed.sessions, removed.steps)}: {sizes}")
    _tell_unmet(removed.unmet)


def _counted(sessions: int, steps: int) -> str:
    return f"{counted(sessions, 'session')} with {counted(steps, 'step')}"


def _tell_unmet(unmet: str | None) -> None:
    if unmet is not None:
        typer.echo(f"a limit is not met: {unmet}")
