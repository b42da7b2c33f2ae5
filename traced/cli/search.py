"""
The command that finds steps by their words.

Law: as for all that read: no daemon is needed. Without the index, which the daemon makes, it goes
through the newest steps only, and says how to go on.
"""

import shlex
from typing import Annotated, Final, Literal

import typer

from traced.cli.common import AsJson, Database, database_with_index
from traced.cli.listing import found_line
from traced.cli.output import Output, complain, print_json
from traced.store.index.search import Found, Query
from traced.store.index.search import search as find

LIMIT_MAX: Final = 10_000
# Half a second of a person's time, for steps that a daemon which has ended had not indexed.
UNINDEXED_MAX: Final = 20_000

TYPES: Final = "tool, skill, mcp, agent, hook or command"
TraceType = Literal["tool", "skill", "mcp", "agent", "hook", "command"]


def search(
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help="Words; the last one may be incomplete."),
    ],
    *,
    limit: Annotated[
        int,
        typer.Option("--limit", "-n", metavar="N", min=1, max=LIMIT_MAX, help="Show at most N."),
    ] = 20,
    before: Annotated[
        int | None,
        typer.Option(
            "--before", metavar="REVISION", min=0, help="Continue where the last search ended."
        ),
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="NAME", help="Only steps of this agent.")
    ] = None,
    trace_type: Annotated[
        TraceType | None,
        typer.Option("--type", metavar="TYPE", help=f"Only steps of this type: {TYPES}."),
    ] = None,
    as_json: AsJson = False,
    db: Database = None,
) -> None:
    """
    Find steps by words of their name, server, input, output or error, the latest first.

    All words must occur, in any order; case, accents and punctuation do not
    matter, so main.py is the two words main and py.

    Example: traced search npm install err
    """
    words = " ".join(text)
    query = Query(words, limit, agent, trace_type, before)
    with database_with_index(db) as connection:
        found = find(connection, query, unindexed_max=UNINDEXED_MAX)
    if as_json:
        print_json(found)
        return
    output = Output()
    output.print(found_line(output.screen, step, words) for step in found.results)
    _tell(query, found)


def _tell(query: Query, found: Found) -> None:
    if not found.complete:
        complain(
            "many new steps are not indexed yet, and not all of them were looked at:"
            " search again in a while, the daemon indexes them as it has time"
        )
    if found.next is not None:
        options = {"--agent": query.agent, "--type": query.trace_type, "-n": str(query.limit)}
        given = [part for name, value in options.items() if value for part in (name, value)]
        command = shlex.join(["traced", "search", *given, "--before", str(found.next), query.text])
        complain(f"there may be more: {command}")
    elif not found.results:
        complain(f"no step{'' if query.before is None else ' before that one'} has these words")
