"""What an agent asks of its own record, on a database written by hand."""

import pytest
from support.rows import START, Recording

from traced.store import recalling
from traced.store.reader import ReadConnection
from traced.store.recalling import Wanted

ALL = Wanted()


@pytest.mark.parametrize(
    ("wanted", "orders"),
    [
        (ALL, [4, 3, 2, 1]),
        (Wanted(trace_type="mcp"), [2]),
        (Wanted(name="Read"), [3]),
        (Wanted(status="error"), [4, 2]),
        (Wanted("claude-code", "tool", "Bash", "error"), [4]),
    ],
)
def test_all_that_is_wanted_is_true(
    recording: Recording, reader: ReadConnection, wanted: Wanted, orders: list[int]
) -> None:
    """A step fits if it is of the agent, the type, the name and the status that are given."""
    pk = recording.session()
    recording.step(pk, 1)
    recording.step(pk, 2, trace_type="mcp", name="query", status="error")
    recording.step(pk, 3, name="Read")
    recording.step(pk, 4, status="error")

    latest = recalling.latest(reader, wanted, 9).steps
    paged = recalling.of_session(reader, pk, wanted, 9).steps

    assert [step.step_order for step in latest] == orders
    assert [step.step_order for step in reversed(paged)] == orders


def test_of_one_agent(recording: Recording, reader: ReadConnection) -> None:
    """An agent's name leaves only its own steps, also among the slowest."""
    for agent in ("claude-code", "codex"):
        recording.step(recording.session(agent=agent), 1, name=agent, duration_ms=1)

    latest = recalling.latest(reader, Wanted(agent="codex"), 9)
    slowest = recalling.slowest(reader, Wanted(agent="codex"), 0, 9)

    assert [step.name for step in latest.steps + slowest.steps] == ["codex", "codex"]


def test_what_fits_is_found_page_by_page(recording: Recording, reader: ReadConnection) -> None:
    """Each page goes on before the key of the last one, however few steps fit."""
    pk = recording.session()
    for order in range(1, 8):
        recording.step(pk, order, status="error" if order in {2, 3, 7} else "ok")

    pages, before = [], 100
    while before:
        found = recalling.latest(reader, Wanted(status="error"), 1, before, looked_at_max=3)
        pages.append(([step.step_order for step in found.steps], found.key))
        before = found.key or 0

    assert pages == [([7], 5), ([3], 3), ([2], None)]


def test_removed_sessions_are_not_found(recording: Recording, reader: ReadConnection) -> None:
    """Steps that retention has hidden are among neither the latest nor the slowest."""
    pk = recording.session()
    recording.step(pk, 1, duration_ms=5)
    recording.remove(pk, whole=False)

    assert recalling.latest(reader, ALL, 9).steps == []
    assert recalling.slowest(reader, ALL, 0, 9).steps == []


def test_nothing_is_recorded_yet(reader: ReadConnection) -> None:
    """Of an empty record there are no steps, and no page after them."""
    assert recalling.latest(reader, ALL, 9) == ([], 0, None)
    assert recalling.slowest(reader, ALL, 0, 9) == ([], 0, None)


def test_slowest_by_what_is_shown(recording: Recording, reader: ReadConnection) -> None:
    """The agent's own duration counts, else end minus start; what has neither is not slow."""
    pk = recording.session()
    recording.step(pk, 1, duration_ms=30, started_at=START, ended_at=START + 9000)
    recording.step(pk, 2, started_at=START, ended_at=START + 50)
    recording.step(pk, 3, duration_ms=40)
    recording.step(pk, 4, status="running", started_at=START)

    everywhere = recalling.slowest(reader, ALL, 0, 9)
    here = recalling.slowest_of_session(reader, pk, ALL, 2)

    assert [step.duration_ms for step in everywhere.steps] == [50.0, 40.0, 30.0]
    assert (everywhere.looked_at, everywhere.key) == (4, None)
    assert [step.step_order for step in here] == [2, 3]


def test_slowest_since(recording: Recording, reader: ReadConnection) -> None:
    """Only steps that ran then or later are looked for, and the window says where it ended."""
    pk = recording.session()
    recording.step(pk, 1, duration_ms=90, started_at=START)
    recording.step(pk, 2, duration_ms=80, started_at=START + 1000)
    recording.step(pk, 3, duration_ms=70, started_at=START + 2000)

    since = recalling.slowest(reader, ALL, START + 1000, 9)
    narrow = recalling.slowest(reader, ALL, 0, 9, looked_at_max=1)

    assert [step.step_order for step in since.steps] == [2, 3]
    assert ([step.step_order for step in narrow.steps], narrow.key) == ([3], 3)


def test_a_prompt_of_a_session_goes_on_by_order(
    recording: Recording, reader: ReadConnection
) -> None:
    """Of one prompt its own steps come, without content, after the order of the page before."""
    pk = recording.session()
    for order in range(1, 6):
        recording.step(pk, order, prompt_number=order % 2, input='{"a":1}')

    first = recalling.of_session(reader, pk, ALL, 2, prompt_number=1)
    then = recalling.of_session(reader, pk, ALL, 2, prompt_number=1, after=first.key or 0)

    assert ([step.step_order for step in first.steps], first.key) == ([1, 3], 3)
    assert ([step.step_order for step in then.steps], then.key) == ([5], None)
    assert first.steps[0].input is None
