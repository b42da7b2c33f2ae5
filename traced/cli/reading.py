"""
Commands that read what was recorded: sessions, show, tail, stats.

Law: they need no daemon, and hold the database no longer than one fetch takes.
"""

from typing import Annotated, Final

import typer

from traced.cli.common import (
    AsJson,
    Database,
    OfAgent,
    OfUser,
    database,
    database_path,
    database_with_index,
    since_option,
)
from traced.cli.follow import Follower, Shown
from traced.cli.listing import session_table, stats_table, tail_line
from traced.cli.output import Output, complain, pause, print_json, print_pieces
from traced.cli.render import session_lines
from traced.cli.session import Asked, json_of, read_session
from traced.cli.watch import POLL_SECONDS, watch
from traced.store import queries
from traced.store.index.stats import stats as step_stats
from traced.store.rows import Step
from traced.store.viewing import session_list

LIMIT_MAX: Final = 1_000_000
NO_STEPS: Final = "no steps yet: `traced install` lets your agents record theirs"

Limit = Annotated[
    int,
    typer.Option("--limit", "-n", metavar="N", min=0, max=LIMIT_MAX, help="Show at most N."),
]
SessionName = Annotated[
    str, typer.Argument(metavar="SESSION", help="A session id, the beginning of one, or `last`.")
]


def sessions(
    *,
    limit: Limit = 50,
    empty_too: Annotated[
        bool, typer.Option("--all", help="Include sessions without prompts and steps.")
    ] = False,
    agent: OfAgent = None,
    as_json: AsJson = False,
    db: Database = None,
) -> None:
    """
    List sessions, most recent first.

    Example: traced sessions -n 10
    """
    with database(db) as connection:
        found = session_list(connection, limit, empty_too=empty_too, agent=agent).sessions
    if as_json:
        print_json({"sessions": [entry.session for entry, _ in found]})
    elif found:
        output = Output()
        output.print(session_table(output.screen, found))
    else:
        whose = "no sessions yet" if agent is None else f"no sessions of agent {agent}"
        if limit > 0:
            complain(f"{whose}: `traced install` and `traced run` record those of your agents")


def show(
    session: SessionName,
    prompt: Annotated[
        int | None,
        typer.Argument(metavar="PROMPT", min=0, help="Only the prompt with this number."),
    ] = None,
    *,
    whole: Annotated[
        bool, typer.Option("--steps", "-v", help="Each step's full summaries and ids.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep showing it as it grows, until Ctrl-C.")
    ] = False,
    agent: OfAgent = None,
    uid: OfUser = None,
    as_json: AsJson = False,
    db: Database = None,
) -> None:
    """
    Show what an agent did in a session, as a tree.

    Each prompt is followed by what ran under it. What a sub-agent did is shown
    under the step that launched it, and a bracket on the left joins steps that ran
    at the same time. With -f a terminal redraws it as it grows; a pipe gets a line
    when a step starts and a line when it ends.

    Example: traced show last
    """
    asked = Asked(session, prompt, agent, uid)
    if follow and as_json:
        raise typer.BadParameter(
            "--follow does not go with --json; use `traced tail --follow --json --session SESSION`"
        )
    with database(db) as connection:
        if follow:
            watch(connection, database_path(db), asked, whole=whole)
        found = read_session(connection, asked, content=as_json)
    if as_json:
        print_pieces(json_of(found))
    else:
        output = Output()
        output.print(session_lines(output.screen, found.entry, found.cards, whole=whole))


def tail(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new steps, until Ctrl-C.")
    ] = False,
    limit: Limit = 20,
    session: Annotated[
        str | None, typer.Option("--session", metavar="SESSION", help="Only steps of this session.")
    ] = None,
    agent: OfAgent = None,
    uid: OfUser = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each step as a JSON row.")] = False,
    db: Database = None,
) -> None:
    """
    Print the latest steps; with -f also those to come.

    With -f a step has a line when it starts and one when it ends.

    Example: traced tail -f --session last
    """
    output, shown = Output(), Shown()

    def show_steps(steps: list[Step]) -> None:
        if as_json:
            for step in steps:
                print_json(step)
        else:
            screen = output.screen
            output.print(tail_line(screen, step) for step in steps if shown.is_news(step))

    with database(db) as connection:
        pk = None
        if session is not None:
            pk = queries.resolve_session(connection, session, agent, uid).pk
        path = database_path(db)
        follower = Follower(connection, path, pk, agent=agent, owner_uid=uid, content=as_json)
        latest = follower.latest(limit)
        show_steps(latest)
        if not (latest or follow or as_json or limit == 0):
            chosen = session is not None or agent is not None or uid is not None
            complain("no steps match: `traced tail` alone prints all" if chosen else NO_STEPS)
        while follow:
            if steps := follower.news():
                show_steps(steps)
            else:
                pause(POLL_SECONDS)


def stats(
    *,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Only what ran within the last 15m, 24h, 7d, or since a date.",
        ),
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="NAME", help="Only steps of this agent.")
    ] = None,
    as_json: AsJson = False,
    db: Database = None,
) -> None:
    """
    Count what ran, how often it failed, how long it took.

    Counts and totals are exact, P50 and P95 within 5 %.

    Example: traced stats --since 24h
    """
    since_ms = None if since is None else since_option(since, "--since")
    with database_with_index(db) as connection:
        found = step_stats(connection, since_ms, agent)
    if as_json:
        print_json({"stats": found})
    elif found:
        output = Output()
        output.print(stats_table(output.screen, found))
    elif since is not None or agent is not None:
        complain("no steps match: `traced stats` alone counts all")
    else:
        complain(NO_STEPS)
