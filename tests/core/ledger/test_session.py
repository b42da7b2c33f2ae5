"""What the recorder knows of one session."""

from traced.core.ledger.session import PromptState, SessionState


def session() -> SessionState:
    return SessionState(1, "claude-code", "s1", -1)


def test_a_prompt_is_found_by_its_id() -> None:
    """Prompts are looked up by id for every step."""
    state = session()
    prompt = PromptState(number=None, prompt_id="p1")

    state.add_prompt(prompt)

    assert state.prompts_by_id == {"p1": prompt}


def test_a_prompt_without_number_does_not_count() -> None:
    """An id that only other events know is not the latest prompt."""
    state = session()

    state.add_prompt(PromptState(number=None, prompt_id="p1"))

    assert (state.last_prompt_number, state.prompt_numbers) == (0, set())


def test_numbers_are_given_above_the_highest() -> None:
    """After a prompt that was named 7 comes 8."""
    state = session()
    state.add_prompt(PromptState(number=7, prompt_id=None))
    state.add_prompt(PromptState(number=3, prompt_id=None))

    assert state.number_prompt(PromptState(number=None, prompt_id="p1")) == 8


def test_a_number_is_given_once() -> None:
    """A prompt keeps the number that it has."""
    state = session()
    prompt = PromptState(number=None, prompt_id="p1")

    assert [state.number_prompt(prompt), state.number_prompt(prompt)] == [1, 1]


def test_the_latest_point_only_grows() -> None:
    """What closes steps is remembered by its latest moment."""
    state = session()

    for at in (5, None, 3):
        state.note_point(at)

    assert state.latest_point == 5


def test_the_times_of_a_prompt_are_points() -> None:
    """A prompt that is loaded may close what began before it or before its end."""
    state = session()

    state.add_prompt(PromptState(number=1, prompt_id="p1", started_at=4, ended_at=6))

    assert state.latest_point == 6


def test_orders_are_the_next_or_those_that_are_wanted() -> None:
    """Automatic ones go on above the highest, whoever wanted that."""
    state = SessionState(1, "claude-code", "s", -1)

    assert [state.give_order("a", wanted) for wanted in (None, 0, 7, 3, None)] == [1, 0, 7, 3, 8]
    assert (state.steps, state.orders_taken[7]) == (5, "a")
