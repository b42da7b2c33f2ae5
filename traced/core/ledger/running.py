"""
What runs, and the points after which it is unknown how it ended (SPEC 4, law 4).

Law: such a point counts for what began before it, whichever of the two is told first.
"""

from collections.abc import Callable, Iterable
from typing import Final

from traced.core.ledger.batch import Batch
from traced.core.ledger.session import SessionState
from traced.core.ledger.step import StepState

# No agent has so many calls open at once; a client that only ever starts must not fill the memory.
RUNNING_MAX: Final = 5_000


def note(batch: Batch, session: SessionState, step: StepState) -> None:
    """Keep the session's list of running steps true, and bounded: the oldest becomes unknown."""
    if step.running:
        is_out_of_order = next(reversed(session.running), 0) > step.id
        session.running[step.id] = step
        if is_out_of_order:  # it ran before, and was closed too early
            session.running = dict(sorted(session.running.items()))
        if len(session.running) > RUNNING_MAX:
            _close(batch, session, [next(iter(session.running.values()))])
    else:
        session.running.pop(step.id, None)


def close_main_thread(
    batch: Batch, session: SessionState, at: int, of_prompt: Callable[[int], bool]
) -> None:
    """Close what the main thread began by `at` for the prompts that `of_prompt` picks."""
    _close(
        batch,
        session,
        [
            step
            for step in session.running.values()
            if step.agent_id is None and _began_by(step, at) and of_prompt(step.prompt_number)
        ],
    )


def close_all(batch: Batch, session: SessionState, at: int) -> None:
    """Close all that the session began by `at`, sub-agents too."""
    _close(batch, session, [step for step in session.running.values() if _began_by(step, at)])
    for sub_agent in session.sub_agents.values():
        if sub_agent.status == "running" and (sub_agent.started_at or at) <= at:
            sub_agent.status = "unknown"
            batch.sub_agent_changed(session, sub_agent)


def is_over(session: SessionState, step: StepState) -> bool:
    """Whether a point that closes a step lies after its beginning."""
    began = step.started_at
    if began is None or began >= session.latest_point:
        return False
    if session.closed_at is not None and began < session.closed_at:
        return True
    if step.agent_id is not None:
        return False
    for prompt in session.prompts:
        # The end of a prompt without id is that of all that the main thread ran: nothing tells its
        # calls from others. The start of one with an id is that of what runs for the others.
        if prompt.number == step.prompt_number or prompt.prompt_id is None:
            point = prompt.ended_at
        else:
            point = prompt.started_at
        if point is not None and began < point:
            return True
    return False


def _close(batch: Batch, session: SessionState, steps: Iterable[StepState]) -> None:
    for step in steps:
        step.close()
        session.running.pop(step.id, None)
        batch.step_changed(step)


def _began_by(step: StepState, at: int) -> bool:
    return step.started_at is None or step.started_at <= at
