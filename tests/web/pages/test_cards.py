from typing import Any

import msgspec
from support.rows import PROMPT, START, entry, ran, second

from traced.store.rows import Prompt, Step
from traced.store.viewing import SHARE_MAX, Filter, PromptFigures, SessionView
from traced.web.pages.cards import cards

ALL = Filter()


def figures(number: int, steps: int = 1, **more: Any) -> PromptFigures:
    """Return what is counted of a prompt whose steps ran for five seconds; all fit."""
    fields = {"fitting": steps, "errors": 0, "stopped": 0, "running": 0}
    times = {"first_at": START, "last_at": START + 5000}
    return PromptFigures(number, steps, **(fields | times | more))


def prompt(number: int, **columns: Any) -> Prompt:
    """Return a prompt."""
    return msgspec.structs.replace(PROMPT, prompt_number=number, **columns)


def view(
    prompts: list[Prompt], counted: list[PromptFigures], steps: dict[int, list[Step]]
) -> SessionView:
    """Return a session of these prompts."""
    by_number = {each.prompt_number: each for each in counted}
    return SessionView(entry(), prompts, [], by_number, [], steps, [], [], 1)


def test_the_last_prompt_is_open() -> None:
    """Each prompt has a card, in order; what happened last is seen at once."""
    seen = view(
        [prompt(1), prompt(2)], [figures(1), figures(2)], {1: [ran(1, 0, 1)], 2: [ran(2, 2, 3)]}
    )

    found = cards(seen, ALL, START)

    assert [(card.number, card.is_open) for card in found] == [(1, False), (2, True)]


def test_steps_without_a_prompt_have_a_card() -> None:
    """What ran before the first prompt, or in one that was not seen, is not lost."""
    found = cards(view([prompt(1)], [figures(0), figures(3)], {}), ALL, START)

    assert [(card.number, card.prompt is None) for card in found] == [
        (0, True),
        (1, False),
        (3, True),
    ]


def test_a_filter_leaves_what_fits() -> None:
    """Prompts without a fitting step go, the others are all open."""
    seen = view(
        [prompt(1), prompt(2), prompt(3)],
        [figures(1), figures(2, fitting=0), figures(3)],
        {1: [ran(1, 0, 1)], 3: [ran(3, 2, 3)]},
    )

    found = cards(seen, Filter(status="error"), START)

    assert [(card.number, card.is_open) for card in found] == [(1, True), (3, True)]


def test_rows_that_were_not_read_come_later() -> None:
    """Rows of an early prompt are fetched on demand; one without a step has none to fetch."""
    first, second_card = cards(view([prompt(1), prompt(2)], [figures(1)], {}), ALL, START)

    assert (first.rows, second_card.rows) == (None, [])


def test_hidden_steps_are_told() -> None:
    """Of a long prompt the last steps are shown, how many are not, and how to see more."""
    steps = [ran(number, 0, 1) for number in range(1, 3)]

    (card,) = cards(view([prompt(1)], [figures(1, 1000)], {1: steps}), ALL, START)

    assert (card.hidden, card.rows_more) == (998, SHARE_MAX * 5)


def test_a_prompt_is_as_long_as_its_work() -> None:
    """From its submission until the last of its answer and its steps."""
    (answered,) = cards(
        view([prompt(1, started_at=second(0), ended_at=second(9))], [figures(1)], {}), ALL, START
    )
    (background,) = cards(
        view([prompt(1, started_at=second(0), ended_at=second(2))], [figures(1)], {}), ALL, START
    )

    assert (answered.length_ms, background.length_ms) == (9000, 5000)


def test_a_running_prompt_grows() -> None:
    """While a step runs the prompt is as long as until now."""
    (card,) = cards(view([], [figures(1, running=1)], {}), ALL, START + 60_000)

    assert (card.is_running, card.length_ms) == (True, 60_000)


def test_a_prompt_without_times_has_no_length() -> None:
    """Nothing is invented."""
    (card,) = cards(view([prompt(1)], [], {}), ALL, START)

    assert card.length_ms is None
