"""The same events in any order and cut into any batches: the same rows (SPEC 4, law 2)."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clients import CALLS, Clients
from support.compared import Rows, same_in_any_order
from support.model_form import SECONDS_MAX, form, seeded
from support.recorded_way import RecordedWay
from support.told import Told

PROMPTS = 4
SESSION = "with ids"
WORDS = ["done", "failed"]


@st.composite
def tellings(draw: st.DrawFn) -> list[Told]:
    """
    What one session tells after its prompts: every kind of event, some late, some twice.

    Each has an id of its own: of two with the same id the first counts, whichever that is.
    """
    clients = Clients()
    told: list[Told] = []
    for _ in range(draw(st.integers(2, 14))):
        late, prompt = draw(st.sampled_from([0, 0, 0, 3, 30])), draw(st.integers(1, PROMPTS))
        who = {"named": True, "late": late, "pid": None, "model": None, "prompt": prompt}
        told.append(draw(st.sampled_from([_call, _call, _call, _agent, _life]))(draw, clients, who))
    return told + draw(st.lists(st.sampled_from(told), max_size=4))


def _call(draw: st.DrawFn, clients: Clients, who: dict[str, Any]) -> Told:
    call = CALLS[draw(st.sampled_from(list(CALLS)))]
    kind = draw(st.sampled_from(["start", "start", "end", "end", "denied", "batch", "asked"]))
    if kind == "asked":
        return clients.hook(SESSION, who).asked(call)
    teller = clients.of_call(SESSION, who, [call.call_id], starts=kind == "start")
    word = draw(st.sampled_from(WORDS))
    if kind == "start":
        return teller.start(call)
    if kind == "denied":
        return teller.denied(call, word)
    if kind == "batch":
        return teller.batch([call], word, error=draw(st.booleans()))
    status = draw(st.sampled_from(["ok", "ok", "error", "cancelled"]))
    return teller.end(call, status, draw(st.sampled_from([None, 0, 12.5])), word)


def _agent(draw: st.DrawFn, clients: Clients, who: dict[str, Any]) -> Told:
    teller = clients.hook(SESSION, who)
    agent_id = draw(st.sampled_from(["a1", "a2", "a3"]))
    if draw(st.booleans()):
        return teller.agent("SubagentStart", "agent_start", agent_id)
    return teller.agent("SubagentStop", "agent_stop", agent_id)


def _life(draw: st.DrawFn, clients: Clients, who: dict[str, Any]) -> Told:
    teller = clients.hook(SESSION, who)
    match draw(st.sampled_from(["Stop", "SessionEnd", "resume", "compact", "command"])):
        case "Stop":
            return teller.life("Stop", "stop")
        case "SessionEnd":
            return teller.life("SessionEnd", "ended", reason="exit")
        case "resume":
            return teller.life("SessionStart", "opened", source="resume")
        case "compact":
            return teller.life("SessionStart", "compacted", source="compact")
        case _:
            return teller.command("commit")


def recorded(told: list[Told], cuts: list[int]) -> Rows:
    """Return the rows after the session's prompts and then `told`, in batches of these sizes."""
    clients = Clients()
    with tempfile.TemporaryDirectory() as folder:
        way = RecordedWay(Path(folder) / "traced.db", content=True, units_max=0)
        who = {"named": True, "late": 10_000, "pid": None, "model": None}
        prompts = [
            clients.hook(SESSION, who | {"prompt": number + 1}).prompt("go")
            for number in range(PROMPTS)
        ]
        now = clients.clock + 1_000_000
        way.commit([prompt.line for prompt in prompts], now)
        lines = [each.line for each in told]
        for size in cuts:
            way.commit(lines[:size], now)
            lines = lines[size:]
        way.commit(lines, now)
        rows = way.rows()
        way.close()
    return rows


@pytest.mark.timeout(SECONDS_MAX)
@seeded
@form(20)
@given(tellings(), st.randoms(use_true_random=False), st.lists(st.integers(1, 5), max_size=6))
def test_rows_depend_on_what_was_told_alone(told: list[Told], chance: Any, cuts: list[int]) -> None:
    """
    Any permutation, any batches; where the prompts are known, all columns but these are the same.

    `id`, `revision`, `step_order` and `created_at` are of the recording, `event_id` is the first
    event's. Nobody knows when a sub-agent without a start began, so what ends it is not settled.
    """
    shuffled = list(told)
    chance.shuffle(shuffled)

    expected = same_in_any_order(recorded(told, [1] * len(told)))
    assert same_in_any_order(recorded(shuffled, cuts)) == expected
