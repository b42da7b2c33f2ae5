import json
from typing import Any

from traced.core.event import Outcome, Rejected
from traced.core.wire import Control, HookPayload, LifeLine, NativeEvent, TooLong
from traced.ingest.replies import Replies


def replies() -> Replies:
    """Return a queue that answers a control line with its word and the count of events."""
    return Replies(lambda control, settled: f'{{"{control.control}":{settled}}}\n'.encode())


def event(number: int, *, ack: bool = True) -> NativeEvent:
    """Return an event with an id."""
    return NativeEvent("tool", "n", "s", event_id=f"e{number}", ack=ack)


def stored(number: int) -> Outcome:
    """Return what the writer says of an event."""
    return Outcome(event_id=f"e{number}", status="stored", session_id="s", step_order=number)


def answers(ready: bytes) -> list[Any]:
    """Return the lines as values: event ids of acks, the rest whole."""
    return [value.get("event_id", value) for value in map(json.loads, ready.decode().splitlines())]


def test_answers_only_lines_that_asked() -> None:
    """Of three events one asked, and one ack goes out."""
    queue = replies()
    page = queue.expect([event(1, ack=False), event(2), event(3, ack=False)])
    queue.settle(page, [stored(1), stored(2), stored(3)])

    assert answers(queue.ready()) == ["e2"]


def test_nobody_who_did_not_ask_is_owed_anything() -> None:
    """Hook payloads cannot ask; others did not."""
    queue = replies()
    page = queue.expect([HookPayload(b"{}"), LifeLine("s", "prompt"), event(1, ack=False)])

    assert queue.owed == 0
    queue.settle(page, [stored(1), stored(2), stored(3)])
    assert queue.ready() == b""


def test_a_line_that_is_too_long_is_answered_if_it_asked() -> None:
    """Its rejection says whether it did."""
    queue = replies()
    rejected = Rejected("too_long", "", None, 9, event_id="e1", ack=True)
    page = queue.expect([TooLong(rejected, None)])
    queue.settle(page, [Outcome(status="rejected", event_id="e1", reason="too_long")])

    assert answers(queue.ready()) == ["e1"]


def test_answers_keep_the_order_of_lines() -> None:
    """What is settled first waits for what was sent first."""
    queue = replies()
    first, second = queue.expect([event(1)]), queue.expect([event(2)])

    queue.settle(second, [stored(2)])
    assert queue.ready() == b""
    queue.settle(first, [stored(1)])

    assert answers(queue.ready()) == ["e1", "e2"]
    assert not queue.pending


def test_a_control_line_waits_for_the_lines_before_it() -> None:
    """Flush counts what is settled before it, and is answered after that."""
    queue = replies()
    page = queue.expect([event(1), Control("flush"), event(2), Control("flush")])

    assert queue.ready() == b""
    queue.settle(page, [stored(1), stored(2)])

    assert answers(queue.ready()) == ["e1", {"flush": 1}, "e2", {"flush": 2}]


def test_a_control_line_alone_is_answered_at_once() -> None:
    """Nothing has to be settled before it."""
    queue = replies()
    queue.expect([Control("ping")])

    assert answers(queue.ready()) == [{"ping": 0}]


def test_lines_without_records_are_no_burden() -> None:
    """Blank lines are owed nothing and hold nothing up."""
    queue = replies()
    queue.expect([])

    assert queue.ready() == b""
    assert not queue.pending


def test_what_is_owed_is_counted() -> None:
    """Acks and control answers count until they are ready."""
    queue = replies()
    page = queue.expect([event(1), event(2, ack=False), Control("ping")])
    assert queue.owed == 2

    queue.settle(page, [stored(1), stored(2)])
    queue.ready()

    assert queue.owed == 0
