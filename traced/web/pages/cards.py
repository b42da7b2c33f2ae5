"""
The prompts of a session as cards: what was asked, what is counted, what ran.

Law: pure. A prompt that was never submitted has a card as well, if something ran in it; under a
filter only prompts in which a step fits have one.
"""

from collections import defaultdict
from typing import Final, NamedTuple

from traced.show.times import epoch_ms
from traced.store.rows import Prompt
from traced.store.viewing import SHARE_MAX, STEPS_MAX, Bar, Filter, PromptFigures, SessionView
from traced.web.pages.axis import Axis, axis
from traced.web.pages.lanes import Strip, strip
from traced.web.pages.rows import HeadingRow, Row, rows

# How much more of a long prompt each asking shows.
MORE_FACTOR: Final = 5


class Card(NamedTuple):
    """
    A prompt; `rows` is None where they are fetched when they are asked for.

    `rows_more` is how many rows to ask for to see earlier ones, `hidden` how many there are.
    """

    number: int
    prompt: Prompt | None
    figures: PromptFigures | None
    length_ms: int | None
    is_running: bool
    is_open: bool
    strip: Strip | None
    axis: Axis
    rows: list[Row | HeadingRow] | None
    hidden: int
    rows_more: int | None


def cards(view: SessionView, wanted: Filter, now_ms: int) -> list[Card]:
    """Return the cards of a session, first prompt first; the last is open, under a filter all."""
    prompts = {each.prompt_number: each for each in view.prompts}
    is_filtered = any(wanted)
    numbers = sorted({*prompts, *view.figures})
    if is_filtered:
        numbers = [each for each in numbers if each in view.figures and view.figures[each].fitting]
    bars: defaultdict[int, list[Bar]] = defaultdict(list)
    for bar in view.bars:
        bars[bar.prompt_number].append(bar)
    last = numbers[-1] if numbers else None
    return [
        _card(view, number, prompts.get(number), bars[number], now_ms)._replace(
            is_open=(is_filtered or number == last) and number in view.steps
        )
        for number in numbers
    ]


def _card(
    view: SessionView, number: int, prompt: Prompt | None, bars: list[Bar], now_ms: int
) -> Card:
    figures = view.figures.get(number)
    is_running = figures is not None and figures.running > 0
    began, ended = _bounds(prompt, figures, now_ms if is_running else None)
    steps = view.steps.get(number)
    fitting = 0 if figures is None else figures.fitting
    along = axis(began or 0, ended or 0)
    shown = None if steps is None and fitting else rows(steps or [], view.agents, along, now_ms)
    hidden = 0 if steps is None else max(fitting - len(steps), 0)
    more = min(max(len(steps or ()), SHARE_MAX) * MORE_FACTOR, STEPS_MAX)
    return Card(
        number=number,
        prompt=prompt,
        figures=figures,
        length_ms=None if began is None or ended is None else max(ended - began, 0),
        is_running=is_running,
        is_open=False,
        strip=strip(bars, now_ms),
        axis=along,
        rows=shown,
        hidden=hidden,
        rows_more=more if hidden and len(steps or ()) < STEPS_MAX else None,
    )


def _bounds(
    prompt: Prompt | None, figures: PromptFigures | None, now_ms: int | None
) -> tuple[int | None, int | None]:
    """Return from when until when a prompt was worked on, as far as that is known."""
    moments = [] if figures is None else [figures.first_at, figures.last_at]
    submitted = None if prompt is None else epoch_ms(prompt.started_at)
    answered = None if prompt is None else epoch_ms(prompt.ended_at)
    # A sub-agent can go on after the answer, and what a prompt's steps say beats its own times.
    begins = [each for each in (submitted, *moments[:1]) if each is not None]
    ends = [each for each in (answered, now_ms, *moments[1:]) if each is not None]
    return min(begins, default=None), max(ends, default=None)
