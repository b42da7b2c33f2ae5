import sqlite3
from pathlib import Path

import pytest
from support.store import append, orders, whole, writer

from traced.store.recorder import Recorder


def test_explicit_orders_are_honoured(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """0 is an order like any other, and automatic ones go on above the highest."""
    outcomes = append(recorder, whole(step_order=0), whole(step_order=7), whole())
    outcomes += append(recorder, whole(step_order=3), whole())

    assert [outcome.step_order for outcome in outcomes] == [0, 7, 8, 3, 9]
    assert orders(connection) == [0, 7, 8, 3, 9]


@pytest.mark.parametrize("order", [0, 5])
@pytest.mark.parametrize("apart", ["same batch", "next batch", "restart"])
def test_an_order_that_is_taken_is_rejected(
    recorder: Recorder, connection: sqlite3.Connection, apart: str, order: int
) -> None:
    """The message names both, and nothing of the event is stored."""
    first, second = whole("Read", step_order=order), whole("Write", step_order=order)
    if apart == "same batch":
        _, outcome = append(recorder, first, second)
    else:
        append(recorder, first)
        recorder = Recorder(connection) if apart == "restart" else recorder
        (outcome,) = append(recorder, second)

    assert (outcome.status, outcome.reason) == ("rejected", "bad_field")
    assert outcome.error is not None
    assert f"step_order is {order}, expected one that is free" in outcome.error
    assert "'Read' has it, so 'Write' cannot" in outcome.error
    assert orders(connection) == [order]


def test_orders_go_on_over_restarts_and_evictions(path: Path) -> None:
    """A session's orders are 1 to n, however often its state was lost."""
    for life in range(4):
        connection = writer(path)
        recorder = Recorder(connection, units_max=0 if life % 2 else 10_000)
        for name in "ab":
            append(recorder, whole(session=name), whole(session="other"), whole(session=name))
        connection.close()
    connection = writer(path)

    assert orders(connection, "a") == list(range(1, 9))
    assert orders(connection, "b") == list(range(1, 9))
    assert orders(connection, "other") == list(range(1, 9))
    connection.close()
