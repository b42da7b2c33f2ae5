import sqlite3

import pytest
from support.store import NOW, append, end, event, start, whole
from support.walk import Walk

from traced.core.event import AgentStarted, PermissionAsked, PromptEnded, PromptSubmitted
from traced.core.ledger.session import PromptState, SessionState
from traced.core.ledger.step import StepState
from traced.store import load
from traced.store.load import CALLS_LOADED_MAX, PROMPTS_LOADED_MAX
from traced.store.recorder import Recorder

ODD_TEXTS = [
    "plain",
    'it\'s "quoted"',
    "back\\slash \\u0041",
    "line\u2028and\u2029paragraph",
    "tab\tnewline\n\x7f\x01",
    "😀 e\u0301 \ufffd \uffff",
    "[1,2]",
    '{"$[0]":null}',
    "null",
    "007",
    "3",
    " ",
]


def only(connection: sqlite3.Connection, session_id: str = "s1") -> SessionState:
    """Load one session."""
    (session,) = load.sessions(connection, [("custom", session_id, -1)]).values()
    return session


def comparable(session: SessionState) -> dict[str, object]:
    """Return all that matters of a session's state, in an order of its own."""

    def of_step(step: StepState) -> object:
        # A step that SQL moved has a newer revision in the database: it gets another when written.
        return step.id, [
            getattr(step, name) for name in step.__struct_fields__ if name != "revision"
        ]

    found = {name: getattr(session, name) for name in session.__struct_fields__}
    for name in ("latest_point", "calls_complete", "alike_complete", "prompts_complete"):
        del found[name]  # bounds, which may be wider for who has seen more
    found["calls"] = sorted(map(of_step, session.calls.values()))
    found["running"] = [of_step(step) for step in session.running.values()]
    found["prompts"] = sorted(session.prompts, key=lambda prompt: prompt.pk or 0)
    found["asks"] = sorted(session.asks)
    return found


@pytest.mark.parametrize("seed", range(10))
def test_what_is_kept_is_what_would_be_loaded(
    recorder: Recorder, connection: sqlite3.Connection, seed: int
) -> None:
    """After each batch the state of a session in memory is that of its rows."""
    walk = Walk(seed)
    for _ in range(40):
        append(recorder, *(walk.event() for _ in range(walk.random.choice([1, 2, 20]))))
        for kept in recorder._cache._sessions.values():
            assert comparable(only(connection, kept.session_id)) == comparable(kept)


def test_nothing_is_asked_for_nothing(connection: sqlite3.Connection) -> None:
    """A batch that names no call costs no statement for calls, and so on."""
    asked: list[str] = []
    connection.set_trace_callback(asked.append)

    assert load.sessions(connection, []) == {}
    assert load.calls(connection, []) == []
    assert load.prompts(connection, [], []) == []
    assert load.orders(connection, []) == []
    assert load.seen(connection, []) == {}
    assert asked == []


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_is_found_again(connection: sqlite3.Connection, text: str) -> None:
    """Ids go through JSON on their way to SQL; each is found as it was, and nothing else."""
    others = [other for other in ODD_TEXTS if other != text]
    for name in (text, *others):
        append(
            Recorder(connection),
            start(name, session=name),
            event(PromptSubmitted(name, "user", None), session=name),
        )
    session = only(connection, text)

    assert session.session_id == text
    assert list(session.calls) == [text]
    assert [step.call_id for step in load.calls(connection, [(session.pk, text)])] == [text]
    assert load.calls(connection, [(session.pk, other) for other in others]) == []
    ((pk, prompt),) = load.prompts(connection, [(session.pk, text)], [])
    assert (pk, prompt.prompt_id) == (session.pk, text)


def test_a_nul_costs_its_own_event_at_most(connection: sqlite3.Connection) -> None:
    """SQLite's JSON ends a text there; no session is taken for another because of it."""
    append(Recorder(connection), whole(session="s"), whole(session="s\0t"), start("c"))
    outcomes = append(
        Recorder(connection), whole(session="s\0t"), whole(session="s"), end("c\0d"), end("c")
    )

    assert [outcome.status for outcome in outcomes[1::2]] == ["stored", "stored"]
    assert [outcome.step_order for outcome in outcomes[1::2]] == [2, 1]


def test_only_what_exists_is_returned(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """Unknown keys are passed over, and each part of a key counts."""
    append(recorder, whole(agent="codex"))
    keys = [("codex", "s1", -1), ("custom", "s1", -1), ("codex", "s2", -1), ("codex", "s1", 0)]

    assert list(load.sessions(connection, keys)) == [("codex", "s1", -1)]


def test_a_session_is_loaded_whole(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """All that hangs on it, and where its numbers stand."""
    append(
        recorder,
        event(PromptSubmitted("p1", "user", "do it"), cwd="/srv", model="opus", agent_pid=9),
        event(PromptSubmitted("p2", "agent", None), at=NOW + 5),
        event(PromptEnded("p2"), at=NOW + 9),
        event(AgentStarted("a1", "explore", "p1")),
        event(PermissionAsked(77)),
        start("c1", started_at=NOW + 10, prompt_id="p2"),
        whole(step_order=8),
    )
    session = only(connection)

    assert (session.cwd, session.model, session.agent_pid) == ("/srv", "opus", 9)
    assert (session.last_step_order, session.last_prompt_number) == (8, 2)
    assert (session.steps, session.errors, session.is_new) == (2, 0, False)
    assert session.prompts == [
        PromptState(1, "p1", "user", "do it", NOW, None, 1),
        PromptState(2, "p2", "agent", None, NOW + 5, NOW + 9, 2),
    ]
    assert session.prompts_complete
    assert session.latest_point >= NOW + 9
    assert [agent.agent_type for agent in session.sub_agents.values()] == ["explore"]
    assert session.asks == [(77, NOW)]
    assert list(session.running.values()) == [session.calls["c1"]]


def test_content_is_not_loaded(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """An empty text says that there is some, None that there is none."""
    append(recorder, start("c1", input='{"a":1}'), start("c2"))
    session = only(connection)
    found = load.calls(connection, [(1, "c1"), (1, "c2")])

    assert [session.calls[name].input for name in ("c1", "c2")] == ["", None]
    assert sorted((step.call_id, step.input, step.output) for step in found) == [
        ("c1", "", None),
        ("c2", None, None),
    ]


def test_the_latest_calls_are_loaded(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """As many orders back as there is room for, and what runs, however old."""
    append(recorder, start("old"))
    append(recorder, *(end(f"c{number}") for number in range(100)), whole())
    session = only(connection)

    assert sorted(step.step_order for step in session.calls.values()) == [
        1,
        *range(103 - CALLS_LOADED_MAX, 102),
    ]
    assert not session.calls_complete


def test_the_latest_prompts_are_loaded(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """Those of the highest numbers; one that was never numbered waits until it is named."""
    append(recorder, event(PromptEnded("seen elsewhere")))
    append(recorder, *(event(PromptSubmitted(None, "user", None)) for _ in range(1000)))
    session = only(connection)

    assert [prompt.number for prompt in session.prompts] == list(
        range(1001 - PROMPTS_LOADED_MAX, 1001)
    )
    assert (session.last_prompt_number, session.prompts_complete) == (1000, False)


def test_an_id_is_not_a_number(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """SQLite would find prompt 3 for the id "3", and the other way round."""
    for name in ("1", "3", "x", "2"):
        append(recorder, event(PromptSubmitted(name, "user", None)))

    by_id = load.prompts(connection, [(1, "3")], [])
    by_number = load.prompts(connection, [], [(1, 3)])
    assert [(prompt.number, prompt.prompt_id) for _, prompt in by_id] == [(2, "3")]
    assert [(prompt.number, prompt.prompt_id) for _, prompt in by_number] == [(3, "x")]


def test_a_prompt_that_is_named_twice_is_loaded_once(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """By its id and by its number it is the same one."""
    append(recorder, event(PromptSubmitted("p1", "user", None)))

    assert len(load.prompts(connection, [(1, "p1"), (1, "p9")], [(1, 1), (1, 9)])) == 1


def test_who_has_an_order_is_loaded(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """By its name, for the message."""
    append(recorder, whole("Read", step_order=0), whole("Write", session="s2", step_order=5))

    assert load.orders(connection, [(1, 0), (1, 5), (2, 5)]) == [(1, 0, "Read"), (2, 5, "Write")]


@pytest.mark.parametrize("digest", [-(2**63), -(2**63) + 1, -1, 0, 1, 2**53 + 1, 2**63 - 1])
def test_digests_are_exact(connection: sqlite3.Connection, digest: int) -> None:
    """64 bits go through JSON whole, their sign included."""
    append(Recorder(connection), whole())
    for near in {max(digest - 1, -(2**63)), digest, min(digest + 1, 2**63 - 1)}:
        connection.execute("INSERT INTO seen_event VALUES (1, ?, ?)", (near, near % 1000))

    assert load.seen(connection, [(1, digest), (2, digest)]) == {(1, digest): digest % 1000}
