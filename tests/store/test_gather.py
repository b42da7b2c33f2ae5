import sqlite3
from typing import Any

import pytest
from support.store import NOW, append, end, event, rows, start, whole

from traced.core.event import AgentStarted, Event, Phase, PromptEnded, PromptSubmitted, StepChange
from traced.store.cache import SessionCache
from traced.store.gather import Gathered, gather
from traced.store.recorder import Recorder

PROMPTS = 1000


@pytest.fixture
def long(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return a database whose session had prompts "p1" to "p1000", with recorders gone."""
    submitted = [
        event(PromptSubmitted(f"p{number}", "user", None), at=NOW + number)
        for number in range(1, PROMPTS + 1)
    ]
    append(Recorder(connection), *submitted)
    return connection


def gathered(connection: sqlite3.Connection, *events: Event, pk: int = 100) -> Gathered:
    """Gather for a batch with an empty cache; new sessions are numbered from `pk`."""
    numbers = iter(range(pk, pk + len(events)))
    return gather(connection, SessionCache(), events, lambda: next(numbers), by_owner=False)


def prompt_rows(connection: sqlite3.Connection) -> int:
    """Return how many prompts there are."""
    (count,) = connection.execute("SELECT count(*) FROM prompt").fetchone()
    return int(count)


def prompts_of_steps(connection: sqlite3.Connection) -> list[Any]:
    """Return the prompts of all steps in the order of recording."""
    steps = connection.execute("SELECT prompt_number FROM step ORDER BY id")
    return [number for (number,) in steps]


def test_each_event_gets_its_session(connection: sqlite3.Connection) -> None:
    """By its position; one without changes has none, one without an id no digest."""
    found = gathered(
        connection, whole(), event(event_id="e"), whole(session="s2", event_id="e"), whole()
    )

    assert [session and session.session_id for session in found.sessions] == [
        "s1",
        None,
        "s2",
        "s1",
    ]
    assert found.sessions[0] is found.sessions[3]
    assert [digest is None for digest in found.digests] == [True, False, False, True]
    assert found.digests[1] == found.digests[2]


def test_new_sessions_are_numbered_in_the_order_in_which_they_come(
    connection: sqlite3.Connection,
) -> None:
    """The same events make the same database, whatever the process."""
    names = [f"session-{number}" for number in range(50)]
    found = gathered(connection, *(whole(session=name) for name in [*names, *names]))

    assert [session and session.pk for session in found.sessions[:50]] == list(range(100, 150))


def test_statements_do_not_grow_with_events(connection: sqlite3.Connection) -> None:
    """One a kind and batch, however much the batch names."""
    batch = [
        whole(session=f"s{number % 200}", call_id=f"c{number}", event_id=f"e{number}",
              prompt_id=f"p{number}", step_order=number)
        for number in range(1000)
    ]  # fmt: skip
    append(
        Recorder(connection),
        *(whole(session=f"s{number}", step_order=10**6) for number in range(200)),
    )
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    gathered(connection, *batch)

    assert len(asked) <= 10
    asked.clear()
    gathered(connection, *batch[:1])
    assert len(asked) <= 10


def test_new_sessions_ask_nothing_but_whether_they_are_new(
    connection: sqlite3.Connection,
) -> None:
    """What is not there has no calls, prompts or orders."""
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    gathered(connection, whole(call_id="c", event_id="e", prompt_id="p", step_order=0))

    assert len(asked) == 1


@pytest.mark.parametrize("naming", [{"prompt_id": "p3"}, {"prompt_number": 3}])
def test_an_old_prompt_is_loaded_when_it_is_named(
    long: sqlite3.Connection, naming: dict[str, Any]
) -> None:
    """By id or by number a step goes to the prompt that is there, and none is made."""
    append(Recorder(long), whole(**naming), whole())

    assert prompts_of_steps(long) == [3, PROMPTS]
    assert prompt_rows(long) == PROMPTS


def test_an_old_prompt_that_is_named_both_ways_is_one(long: sqlite3.Connection) -> None:
    """Two events of one batch mean the same row, and both change it."""
    append(
        Recorder(long),
        whole(prompt_number=3),
        event(PromptSubmitted("p3", "user", "more"), at=NOW + 9000),
        event(PromptEnded("p3"), at=NOW + 9999),
    )

    assert rows(long, "SELECT summary, ended_at FROM prompt WHERE prompt_number = 3") == [
        {"summary": "more", "ended_at": NOW + 9999}
    ]
    assert prompt_rows(long) == PROMPTS


def test_an_old_prompt_is_loaded_for_a_sub_agent(long: sqlite3.Connection) -> None:
    """Its start names the prompt that it works for."""
    append(Recorder(long), event(AgentStarted("a1", None, "p3")), whole(agent_id="a1"))

    assert prompts_of_steps(long) == [3]


def test_a_number_is_not_an_id(connection: sqlite3.Connection) -> None:
    """Prompt ids that look like numbers are told from prompt numbers."""
    append(Recorder(connection), *(event(PromptSubmitted(str(n), "user", None)) for n in (3, 2, 1)))
    append(Recorder(connection), whole(prompt_id="3"), whole(prompt_number=3))
    append(Recorder(connection), whole(prompt_id="1"), whole(prompt_number=1))

    assert prompts_of_steps(connection) == [1, 3, 3, 1]
    assert prompt_rows(connection) == 3


def test_numbers_far_apart_are_known_again(connection: sqlite3.Connection) -> None:
    """A session of few prompts is loaded whole, whatever their numbers are."""
    append(Recorder(connection), whole(prompt_number=5), whole(prompt_number=900_000_000))
    outcomes = append(Recorder(connection), whole(prompt_number=5), whole(prompt_number=6))

    assert [outcome.status for outcome in outcomes] == ["stored", "stored"]
    assert prompt_rows(connection) == 3


def test_an_id_without_a_number_is_known_again(long: sqlite3.Connection) -> None:
    """It gets its number when a call names it, however many there are since."""
    append(Recorder(long), event(PromptEnded("local"), at=NOW + 5))
    append(Recorder(long), whole(prompt_id="local"), start("c", prompt_id="local"))

    assert prompts_of_steps(long) == [PROMPTS + 1, PROMPTS + 1]
    assert prompt_rows(long) == PROMPTS + 1


def launch(call_id: str, *, started_at: int | None = None, ended_at: int | None = None) -> Event:
    """Return the end of a call that says to have launched a sub-agent."""
    change = StepChange(
        Phase.END,
        "agent",
        "Task",
        call_id,
        child_agent_id="a1",
        status="ok",
        started_at=started_at,
        ended_at=ended_at,
    )
    return event(change)


def others(name: str) -> list[Event]:
    """Return calls enough to push all before them out of memory."""
    return [end(f"{name}-{number}") for number in range(100)]


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize(("began", "launched_by"), [(NOW - 5, "late"), (NOW + 5, "early")])
def test_who_launched_a_sub_agent_is_decided_with_the_first_call_at_hand(
    connection: sqlite3.Connection, *, restart: bool, began: int, launched_by: str
) -> None:
    """The call that began first launched it, also where the other is long out of memory."""
    recorder = Recorder(connection)
    append(recorder, launch("early", started_at=NOW))
    append(recorder, *others("c"))
    recorder = Recorder(connection) if restart else recorder
    append(recorder, launch("late", started_at=began))

    assert connection.execute("SELECT call_id FROM sub_agent").fetchall() == [(launched_by,)]


@pytest.mark.parametrize("between", [[], others("d")])
def test_a_start_that_comes_late_may_show_who_launched_a_sub_agent(
    recorder: Recorder, connection: sqlite3.Connection, between: list[Event]
) -> None:
    """It names no sub-agent: that its call has one is known from before, in memory or not."""
    append(recorder, launch("early", started_at=NOW))
    append(recorder, *others("c"))
    append(recorder, launch("late", ended_at=NOW + 5))
    append(recorder, *between)
    append(recorder, start("late", started_at=NOW - 5))

    assert connection.execute("SELECT call_id FROM sub_agent").fetchall() == [("late",)]
