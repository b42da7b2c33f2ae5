"""The command `rejected`: events that could not be taken, and another try."""

import os
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from traced.cli import retry as again
from traced.cli.common import AsJson, Database, database
from traced.cli.keeping import let_prune
from traced.cli.listing import rejected_lines
from traced.cli.operate import Socket
from traced.cli.output import Output, complain, print_json
from traced.cli.reading import Limit
from traced.cli.retry import Readable, Refusal, Retried
from traced.core.wire import REJECTED_IDS_MAX
from traced.settings import Effective, effective
from traced.store import queries
from traced.store.reader import snapshot
from traced.store.rows import RejectedEvent


def rejected(
    *,
    limit: Limit = 20,
    retry: Annotated[bool, typer.Option("--retry", help="Send them to the daemon again.")] = False,
    as_json: AsJson = False,
    db: Database = None,
    socket: Socket = None,
) -> None:
    """
    List events that could not be stored, and why.

    With --retry, those that can be read by now, after an upgrade or a change of settings, are sent
    to the running daemon and leave the list. The others stay, with what is wrong with them today.
    An event whose text was not kept cannot be tried again.

    Example: traced rejected -n 5
    """
    found = effective({"db": db, "socket": socket}, os.environ)
    with database(found.config.db) as connection, snapshot(connection):
        events = queries.rejected(connection, REJECTED_IDS_MAX if retry else limit)
    if retry:
        _tell(events, _retry(found, events), as_json=as_json)
    elif as_json:
        print_json({"rejected": events})
    elif events:
        _list(events)
    else:
        complain("nothing was rejected")


def _retry(found: Effective, events: Sequence[RejectedEvent]) -> Retried:
    """Try what was rejected, the oldest first, and remove what the daemon has answered for."""
    tried = [
        again.readable(event, found.config)
        for event in reversed(events)
        if event.kind == "rejected"
    ]
    retried = Retried(refused=[each for each in tried if isinstance(each, Refusal)])
    if waiting := [each for each in tried if isinstance(each, Readable)]:
        again.send(found.socket_places, waiting, retried)
        let_prune(found, {"rejected_ids": [each.id for each in waiting]})
    return retried


def _list(events: Sequence[RejectedEvent]) -> None:
    output = Output()
    for event in events:
        output.print(rejected_lines(output.screen, event))


def _tell(events: Sequence[RejectedEvent], retried: Retried, *, as_json: bool) -> None:
    if as_json:
        print_json({"retried": retried})
        return
    by_id = {event.id: event for event in events}
    _list(
        [
            msgspec.structs.replace(by_id[each.id], reason=each.reason, detail=each.detail)
            for each in retried.refused
        ]
    )
    counts = {
        "stored": retried.stored,
        "known already": retried.duplicate,
        "ignored": retried.ignored,
        "refused again": len(retried.refused),
    }
    told = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    typer.echo(told or "nothing was rejected")
