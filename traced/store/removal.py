"""
Removing sessions, in the writer's thread between batches: hidden at once, deleted in slices.

Law: each function is one short transaction, and the next may come whenever there is time, after a
restart too: what is hidden and not deleted yet is found by looking. A hidden session is shown
nowhere and its id is free, so that if it gets another event it starts again at 1.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from traced.store.load import SessionKey
from traced.store.retention import StepRange
from traced.store.statements import json_list, statement

# For whoever keeps copies of steps; one that looks away for longer compares all.
REMOVALS_KEPT: Final = 10_000
PARTS: Final = ("delete_seen_of", "delete_asks_of", "delete_sub_agents_of", "delete_prompts_of")


class Slice(Struct, frozen=True):
    """What one transaction did; `rows` counts deleted ones of any kind, and freed pages."""

    rows: int = 0
    hidden: Sequence[SessionKey] = ()
    rejected_rows: int = 0


Work = Callable[[sqlite3.Connection], Slice]


def hide(
    connection: sqlite3.Connection, sessions: Sequence[StepRange], unused_since: int, now: int
) -> Slice:
    """Hide these sessions at `now` (Unix ms), except those used since `unused_since`."""
    by_pk = {each.session_pk: each for each in sessions}
    asked = {"pks": json_list(by_pk), "unused_since": unused_since, "now": now}
    with _transaction(connection):
        found = connection.execute(statement("hide_sessions"), asked).fetchall()
        removals = json_list(by_pk[pk] for pk, *_ in found)
        connection.execute(statement("insert_removals"), {"removals": removals, "now": now})
        connection.execute(statement("drop_old_removals"), {"kept": REMOVALS_KEPT})
        connection.execute(statement("note_keys_given"))
    return Slice(hidden=[(agent, session_id, owner) for _, agent, session_id, owner in found])


def delete_steps(connection: sqlite3.Connection, ids: Sequence[int]) -> Slice:
    """Delete these steps, those of sessions that are not hidden excepted."""
    with _transaction(connection):
        rows = connection.execute(statement("delete_steps"), {"ids": json_list(ids)}).rowcount
    return Slice(rows)


def delete_rest(connection: sqlite3.Connection, pks: Sequence[int], rows_max: int) -> Slice:
    """
    Delete up to `rows_max` rows of these hidden sessions, whose steps are gone.

    The sessions themselves are the last of them.
    """
    rows = 0
    with _transaction(connection):
        for name in PARTS:
            if rows < rows_max:
                asked: dict[str, str | int] = {"pks": json_list(pks), "limit": rows_max - rows}
                rows += connection.execute(statement(name), asked).rowcount
        if rows < rows_max:
            asked = {"pks": json_list(pks)}
            rows += connection.execute(statement("delete_sessions"), asked).rowcount
    return Slice(rows)


def delete_rejected(connection: sqlite3.Connection, before: int, rows_max: int) -> Slice:
    """Delete rejected and discarded rows from before a time, the oldest first."""
    asked = {"before": before, "limit": rows_max}
    with _transaction(connection):
        count = connection.execute(statement("delete_old_rejected"), asked).rowcount
    return Slice(count, rejected_rows=count)


def delete_rejected_rows(connection: sqlite3.Connection, ids: Sequence[int]) -> Slice:
    """Delete rejected rows by their ids."""
    with _transaction(connection):
        asked = {"ids": json_list(ids)}
        count = connection.execute(statement("delete_rejected"), asked).rowcount
    return Slice(count, rejected_rows=count)


def free_pages(connection: sqlite3.Connection, pages_max: int, bytes_kept: int) -> Slice:
    """Cut up to `pages_max` free pages off the file's end; pages of `bytes_kept` stay free."""
    free = _pragma(connection, "freelist_count")
    wanted = min(pages_max, free - bytes_kept // _pragma(connection, "page_size"))
    if wanted <= 0:
        return Slice()
    # execute() would free one page, for it stops at the first row that the statement returns.
    connection.executescript(f"PRAGMA incremental_vacuum({wanted})")
    return Slice(free - _pragma(connection, "freelist_count"))


def copy_log(connection: sqlite3.Connection) -> Slice:
    """Bring the log into the file, as far as no reader is in the way."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return Slice()


def empty_log(connection: sqlite3.Connection) -> Slice:
    """Bring the log into the file and cut it off, unless a reader is in the way: wait for none."""
    patience = _pragma(connection, "busy_timeout")
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
    return Slice()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some failures have ended it already
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
