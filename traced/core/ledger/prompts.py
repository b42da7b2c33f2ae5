"""
Prompts: which number an id has, and what a submission or an end does.

Law 5 of SPEC 4: one number per id, in the order in which ids first commit by a submitted prompt or
a call of the main thread; without ids each submission is the next.
"""

from traced.core.event import Event, PromptEnded, PromptSubmitted
from traced.core.ledger import alike
from traced.core.ledger.batch import Batch
from traced.core.ledger.life import opened
from traced.core.ledger.running import close_main_thread
from traced.core.ledger.session import PromptState, SessionState
from traced.core.ledger.sub_agents import follow
from traced.core.summarise import SUMMARY_CHARS_MAX, cut


def number_of_id(batch: Batch, session: SessionState, prompt_id: str) -> int:
    """Return the number of a prompt or turn id; an id without one gets the next."""
    return give_number(batch, session, _with_id(batch, session, prompt_id))


def give_number(batch: Batch, session: SessionState, prompt: PromptState) -> int:
    """Return the number of a prompt; one without gets the next, and so do those who know its id."""
    if prompt.number is not None:
        return prompt.number
    batch.prompt_changed(session, prompt)
    return _number(batch, session, prompt)


def add_told(batch: Batch, session: SessionState, prompt: PromptState) -> None:
    """Add a prompt that is imported, under its own number or the next; see `give_number`."""
    _add(batch, session, prompt)
    _number(batch, session, prompt)


def ensure_number(batch: Batch, session: SessionState, number: int) -> None:
    """Make the prompt that an event names by its number, where it is not there yet."""
    if number > 0 and number not in session.prompt_numbers:
        _add(batch, session, PromptState(number=number, prompt_id=None))


def told(
    batch: Batch, session: SessionState, event: Event, change: PromptSubmitted | PromptEnded
) -> None:
    """Take what an event tells of a prompt."""
    if isinstance(change, PromptSubmitted):
        _submitted(batch, session, event, change)
    else:
        _ended(batch, session, event, change)


def _submitted(batch: Batch, session: SessionState, event: Event, change: PromptSubmitted) -> None:
    """
    A prompt begins, or, under an id or a number that is known, is added to.

    What ran for another prompt on the main thread is over where it begins, if ids tell them apart.
    """
    if change.prompt_id is not None:
        prompt = _with_id(batch, session, change.prompt_id)
    else:
        prompt = _with_number(
            batch, session, change.prompt_number or session.last_prompt_number + 1
        )
    number = give_number(batch, session, prompt)
    if prompt.imported:  # who was there knows better
        prompt.started_at = prompt.summary = None
        prompt.imported = 0
    texts = [text for text in (prompt.summary, change.summary) if text]
    if prompt.started_at is None or event.at < prompt.started_at:
        prompt.started_at = event.at
        prompt.source = change.source
        texts.reverse()
        session.note_point(event.at)
        if change.prompt_id is not None:
            close_main_thread(batch, session, event.at, lambda other: other != number)
        alike.point_told(batch, session)
    prompt.summary = cut("\n".join(texts), SUMMARY_CHARS_MAX) if texts else None
    batch.prompt_changed(session, prompt)
    opened(session, event.at)


def _ended(batch: Batch, session: SessionState, event: Event, change: PromptEnded) -> None:
    """
    The response to a prompt is over, and so is whatever of it still runs on the main thread.

    Where the prompt has no id, nothing tells its calls from those of others: all that runs on the
    main thread is over.
    """
    if change.prompt_id is not None:
        prompt = _with_id(batch, session, change.prompt_id)
    elif change.prompt_number:
        prompt = _with_number(batch, session, change.prompt_number)
    else:
        prompt = _latest(session) or _nameless(batch, session)
    prompt.ended_at = max(prompt.ended_at or event.at, event.at)
    session.note_point(event.at)
    batch.prompt_changed(session, prompt)
    if prompt.prompt_id is None:
        close_main_thread(batch, session, event.at, lambda _: True)
    else:
        number = prompt.number
        close_main_thread(batch, session, event.at, lambda other: other == number)
    alike.point_told(batch, session)


def _latest(session: SessionState) -> PromptState | None:
    number = session.last_prompt_number
    return next((prompt for prompt in session.prompts if prompt.number == number), None)


def _nameless(batch: Batch, session: SessionState) -> PromptState:
    """Return what stands for the time before any prompt, whose end must be known later, too."""
    for prompt in session.prompts:
        if prompt.number is None and prompt.prompt_id is None:
            return prompt
    prompt = PromptState(number=None, prompt_id=None)
    _add(batch, session, prompt)
    return prompt


def _with_id(batch: Batch, session: SessionState, prompt_id: str) -> PromptState:
    prompt = session.prompts_by_id.get(prompt_id)
    if prompt is None:
        prompt = PromptState(number=None, prompt_id=prompt_id)
        _add(batch, session, prompt)
    return prompt


def _with_number(batch: Batch, session: SessionState, number: int) -> PromptState:
    prompt = session.prompt_numbered(number)
    if prompt is None:
        prompt = PromptState(number=number, prompt_id=None)
        _add(batch, session, prompt)
    return prompt


def _add(batch: Batch, session: SessionState, prompt: PromptState) -> None:
    session.add_prompt(prompt)
    batch.prompt_changed(session, prompt)


def _number(batch: Batch, session: SessionState, prompt: PromptState) -> int:
    number = session.number_prompt(prompt)
    if prompt.prompt_id is not None:
        follow(batch, session, prompt.prompt_id, number)
    return number
