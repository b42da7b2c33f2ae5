"""Content that only the database keeps meets what is told later as any column does."""

import sqlite3
from itertools import permutations

import pytest
from support.store import append, end, rows, start

from traced.core.event import Event
from traced.store.recorder import Recorder

ROW = "SELECT input, output FROM step"


def told() -> list[Event]:
    """Return two ends of one call that disagree, and its start, which is weaker."""
    return [
        end("c1", input='"b"', output='"2"'),
        end("c1", input='"a"', output='"3"'),
        start("c1", input='"0"'),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("at_once", [True, False])
def test_of_equals_the_lower_stays(
    connection: sqlite3.Connection, *, order: tuple[int, ...], at_once: bool
) -> None:
    """Law 2: whichever is told first, in one batch or with restarts between."""
    events = [told()[place] for place in order]
    for batch in [events] if at_once else [[event] for event in events]:
        append(Recorder(connection), *batch)

    assert rows(connection, ROW) == [{"input": '"a"', "output": '"2"'}]


def test_what_is_stronger_replaces_what_is_lower(connection: sqlite3.Connection) -> None:
    """Only equals are compared."""
    append(Recorder(connection), start("c1", input='"a"'))
    append(Recorder(connection), end("c1", input='"b"'))

    assert rows(connection, ROW) == [{"input": '"b"', "output": None}]


def test_what_says_nothing_takes_nothing_away(connection: sqlite3.Connection) -> None:
    """A weaker event, or one without content, leaves it."""
    append(Recorder(connection), end("c1", input='"b"', output='"2"'))
    append(Recorder(connection), start("c1"))
    append(Recorder(connection), end("c1", output_summary="two"))

    assert rows(connection, ROW) == [{"input": '"b"', "output": '"2"'}]
