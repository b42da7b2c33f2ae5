"""
How the forwarders of a database fare: what `traced forward --status` shows.

Law: it is read from their files alone, so it can be asked whether one runs or not.
"""

from pathlib import Path

import msgspec

from traced.forward.progress import Progress, load
from traced.store import forwarding
from traced.store.reader import ReadConnection, snapshot


class Standing(msgspec.Struct, frozen=True):
    """
    One forwarder; `behind` is in revisions: about the steps that are not sent yet.

    `waiting` are steps that run, or of which it is not known yet whose children they are.
    """

    endpoint: str
    behind: int
    waiting: int
    spans_sent: int
    spans_rejected: int
    last_sent_at: str | None
    held_since: str | None
    held_why: str | None


def standings(folder: Path, database: Path, connection: ReadConnection) -> list[Standing]:
    """
    Return the forwarders of a database whose files are in a folder, by their backends.

    Raises:
        StoreError: If a file, or the database, cannot be read.
    """
    found = [load(path) for path in sorted(folder.glob("*.json"))]
    with snapshot(connection):
        newest = forwarding.position(connection).revision
    mine = [each for each in found if each is not None and each.database == str(database)]
    return sorted((_standing(each, newest) for each in mine), key=lambda each: each.endpoint)


def told(standing: Standing) -> list[tuple[str, str]]:
    """Return labels and texts, for a person."""
    last = "" if standing.last_sent_at is None else f", the last {standing.last_sent_at}"
    lines = [
        ("to", standing.endpoint),
        ("sent", f"{standing.spans_sent:,} spans{last}"),
        ("rejected", f"{standing.spans_rejected:,} spans"),
        ("behind", f"{standing.behind:,} revisions; {standing.waiting:,} steps have not ended"),
    ]
    if standing.held_why is not None:
        lines.append(("held", f"since {standing.held_since}: {standing.held_why}"))
    return lines


def _standing(progress: Progress, newest: int) -> Standing:
    cursor = progress.cursor
    return Standing(
        endpoint=progress.endpoint,
        behind=max(0, newest - cursor.revision),
        waiting=len(cursor.running) + len(cursor.held),
        spans_sent=progress.spans_sent,
        spans_rejected=progress.spans_rejected,
        last_sent_at=progress.last_sent_at,
        held_since=progress.held_since,
        held_why=progress.held_why,
    )
