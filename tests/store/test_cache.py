import pytest

from traced.core.ledger.session import PromptState, SessionState, SubAgentState
from traced.core.ledger.step import StepState
from traced.store.cache import SessionCache
from traced.store.load import CALLS_LOADED_MAX, PROMPTS_LOADED_MAX, SessionKey


def key(name: str) -> SessionKey:
    """Return the key of a session."""
    return "custom", name, -1


def session(name: str = "s", calls: int = 0, *, running: bool = False) -> SessionState:
    """Return a session with calls, at the orders from 1."""
    made = SessionState(1, *key(name))
    for number in range(1, calls + 1):
        status = "running" if running else "ok"
        step = StepState(number, number, 1, number, 0, "tool", "Bash", status)
        step.call_id = f"c{number}"
        made.calls[step.call_id] = step
        if running:
            made.running[step.id] = step
        made.last_step_order = number
    return made


def settled(cache: SessionCache, name: str, state: SessionState) -> None:
    """Let a batch use a session."""
    cache.add(key(name), state)
    cache.settle([key(name)])


def test_the_session_used_last_stays() -> None:
    """Over the bound the one goes that was not used for longest."""
    cache = SessionCache(units_max=3)
    for name in "abc":
        settled(cache, name, session(name))
    assert cache.get(key("a")) is not None
    settled(cache, "d", session("d"))

    assert cache.get(key("b")) is None
    assert [cache.get(key(name)) is not None for name in "acd"] == [True, True, True]
    assert len(cache) == 3


def test_a_removed_session_is_forgotten() -> None:
    """Its room is free again; one that is not kept is no fault."""
    cache = SessionCache(units_max=3)
    settled(cache, "a", session("a", calls=1))
    settled(cache, "b", session("b"))
    cache.forget(key("a"))
    cache.forget(key("nobody"))
    settled(cache, "c", session("c", calls=1))

    assert [cache.get(key(name)) is not None for name in "abc"] == [False, True, True]


def test_what_hangs_on_a_session_counts() -> None:
    """A session with calls, prompts, sub-agents and requests pushes out as many bare ones."""
    cache = SessionCache(units_max=10)
    for name in "abcdef":
        settled(cache, name, session(name))
    rich = session("rich", calls=3)
    rich.add_prompt(PromptState(1, None, pk=1))
    rich.sub_agents["x"] = SubAgentState("x")
    rich.asks.append((1, 1))
    settled(cache, "rich", rich)

    assert len(cache) == 4
    assert cache.get(key("rich")) is rich


def test_a_session_that_is_settled_again_counts_once() -> None:
    """It is weighed anew after each batch."""
    cache = SessionCache(units_max=10)
    growing = session("growing")
    settled(cache, "small", session("small"))
    for number in range(5):
        growing.sub_agents[str(number)] = SubAgentState(str(number))
        settled(cache, "growing", growing)

    assert len(cache) == 2


def test_a_session_above_the_bound_is_not_kept() -> None:
    """Memory is bounded whatever one session holds."""
    cache = SessionCache(units_max=10)
    settled(cache, "huge", session("huge", calls=11, running=True))

    assert len(cache) == 0
    assert cache.get(key("huge")) is None


def test_within_a_batch_nothing_is_dropped() -> None:
    """What the batch was given at its start is there until its end."""
    cache = SessionCache(units_max=1)
    for name in "abc":
        cache.add(key(name), session(name))

    assert len(cache) == 3
    cache.settle([key(name) for name in "abc"])
    assert len(cache) == 1


def test_a_cleared_cache_is_empty() -> None:
    """Nothing is left, neither sessions nor their weight."""
    cache = SessionCache(units_max=2)
    settled(cache, "a", session("a", calls=1))
    cache.clear()
    assert len(cache) == 0

    settled(cache, "b", session("b", calls=1))
    assert cache.get(key("b")) is not None


def test_calls_that_ended_long_ago_are_dropped() -> None:
    """As many orders back as loading gives are kept; the session knows that there were more."""
    state = session(calls=CALLS_LOADED_MAX + 10)
    settled(SessionCache(), "s", state)

    assert list(state.calls) == [f"c{number}" for number in range(11, CALLS_LOADED_MAX + 11)]
    assert not state.calls_complete


def test_calls_that_run_are_kept() -> None:
    """However many there are, and however old."""
    state = session(calls=CALLS_LOADED_MAX + 10, running=True)
    settled(SessionCache(), "s", state)

    assert len(state.calls) == CALLS_LOADED_MAX + 10
    assert state.calls_complete


def test_old_prompts_are_dropped() -> None:
    """Those of the highest numbers are kept, and the numbers go on."""
    state = session()
    state.add_prompt(PromptState(None, "seen elsewhere", pk=1))
    for number in range(1, PROMPTS_LOADED_MAX + 2):
        state.add_prompt(PromptState(number, f"p{number}", pk=number + 1, started_at=number))
    settled(SessionCache(), "s", state)

    kept = range(2, PROMPTS_LOADED_MAX + 2)
    assert [prompt.number for prompt in state.prompts] == list(kept)
    assert list(state.prompts_by_id) == [f"p{number}" for number in kept]
    assert state.prompt_numbers == set(kept)
    assert not state.prompts_complete
    assert state.last_prompt_number == PROMPTS_LOADED_MAX + 1


@pytest.mark.parametrize("count", [0, 1, PROMPTS_LOADED_MAX])
def test_a_session_of_few_prompts_stays_complete(count: int) -> None:
    """Nothing has to be asked of the database then."""
    state = session()
    for number in range(1, count + 1):
        state.add_prompt(PromptState(number, None, pk=number))
    settled(SessionCache(), "s", state)

    assert len(state.prompts) == count
    assert state.prompts_complete


def test_what_is_of_the_batch_alone_is_dropped() -> None:
    """A session is new once, and orders are looked up for each batch."""
    state = session()
    state.orders_taken[1] = "Bash"
    settled(SessionCache(), "s", state)

    assert not state.is_new
    assert state.orders_taken == {}


def test_calls_without_an_id_go_when_they_are_old() -> None:
    """But not while one of their kind runs; they count as long as they are kept."""
    state = session(calls=CALLS_LOADED_MAX + 1)
    old, running = (StepState(number, number, 1, 1, 0, "tool", "Bash", "ok") for number in (1, 2))
    running.status = "running"
    state.alike = {1: [old], 2: [old, running]}
    settled(SessionCache(), "s", state)

    assert list(state.alike) == [2]
    assert not state.alike_complete
