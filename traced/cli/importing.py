"""
The command that takes in what agents wrote down themselves, and what was exported: import.

Law: it speaks to the running daemon and never to the database. Being stopped at any point loses
nothing and doubles nothing.
"""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from traced.backfill.files import SessionFiles, sessions
from traced.backfill.journal import Journal
from traced.backfill.sending import Sender
from traced.backfill.work import Tally, Work
from traced.cli.common import AsJson, Database
from traced.cli.operate import Socket
from traced.cli.output import complain, print_json
from traced.core.errors import TracedError
from traced.settings import effective
from traced.show.amounts import counted
from traced.store.retention import limits_of

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...", help="Transcripts, exports, or folders of them; - for standard input."
    ),
]
# As a file that is named: one of this name is given as ./-
STANDARD_INPUT: Final = Path("-")
Again = Annotated[
    bool,
    typer.Option("--again", help="Also read files that have not changed since they were imported."),
]


def import_(
    paths: Paths,
    *,
    again: Again = False,
    as_json: AsJson = False,
    db: Database = None,
    socket: Socket = None,
) -> None:
    """
    Import transcripts of Claude Code and Codex, and what `traced export` wrote.

    What hooks recorded stays as it is: an import adds what they missed, such as refused calls, the
    model and the tokens of each prompt. Exports come back whole. Importing twice changes nothing,
    and an import that was interrupted resumes where it was. The daemon must be running.

    Example: traced import ~/.claude/projects ~/.codex/sessions
    """
    found = effective({"db": db, "socket": socket}, os.environ)
    tally = Tally()
    named = [path for path in paths if path != STANDARD_INPUT]
    whole = list(sessions(named, lambda error: tally.refuse(error, complain)))
    age_ms_max = limits_of(found.config.retention_days_max, 0).age_ms_max
    oldest_ms = 0 if age_ms_max is None else time.time_ns() // 1_000_000 - age_ms_max
    with Sender(found.socket_places) as sender, _progress() as progress:
        task = progress.add_task("importing", total=sum(map(_size, whole)))
        work = Work(
            sender,
            Journal(found.config.db),
            oldest_ms,
            again,
            complain,
            lambda size: progress.update(task, advance=size),
        )
        for session in whole:
            work.take(session, tally)
        if len(named) < len(paths):
            work.take_stream(sys.stdin.buffer, "standard input", tally)
    _tell(tally, as_json=as_json)
    if tally.failed or tally.taken.refused:
        raise TracedError(_told_failures(tally))


def _progress() -> Progress:
    """Return a bar for a terminal; elsewhere it draws nothing."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def _size(session: SessionFiles) -> int:
    return sum(path.stat().st_size for path in session.paths if path.exists())


def _tell(tally: Tally, *, as_json: bool) -> None:
    if as_json:
        print_json({"import": tally})
        return
    counts = {
        "unchanged since the last import": tally.unchanged,
        "older than is kept": tally.read.too_old,
    }
    sessions_read = counted(tally.read.sessions, "session")
    told = [f"{sessions_read} with {counted(tally.read.calls, 'call')} read"]
    told += [f"{number:,} {what}" for what, number in counts.items() if number]
    taken = tally.taken
    typer.echo(
        f"{', '.join(told)}: {counted(taken.added, 'event')} new, {taken.known:,} known already"
    )


def _told_failures(tally: Tally) -> str:
    told = []
    if tally.failed:
        told.append(f"files that were not read: {tally.failed}")
    if tally.taken.refused:
        told.append(f"events that were refused (see `traced rejected`): {tally.taken.refused}")
    return "; ".join(told)
