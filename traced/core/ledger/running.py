"""
What runs, and the points after which it is unknown how it ended (SPEC 4, law 4).

Law: such a point counts for what began before it, whichever of the two is told first.
"""

from collections.abc import Callable, Iterable
from typing import Final

from traced.core.ledger.batch import Ask, Batch
from traced.core.ledger.session import SessionState
from traced.core.ledger.step import StepState

# No agent has so many calls open at once; a client that only ever starts must not fill the memory.
RUNNING_MAX: Final = 5_000
ASKS_MAX: Final = 500


def note(batch: Batch, session: SessionState, step: StepState) -> None:
    """Keep the session's list of running steps true, and bounded: the oldest becomes unknown."""
    if step.running:
        session.running[step.id] = step
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
    """Close all that the session began by `at`, sub-agents too, and what waits for a call."""
    _close(batch, session, [step for step in session.running.values() if _began_by(step, at)])
    for sub_agent in session.sub_agents.values():
        if sub_agent.status == "running" and (sub_agent.started_at or at) <= at:
            sub_agent.status = "unknown"
            batch.sub_agent_changed(session, sub_agent)
    for match_key, asked_at in [ask for ask in session.asks if ask[1] <= at]:
        forget_ask(batch, session, match_key, asked_at)


def is_over(session: SessionState, step: StepState) -> bool:
    """Whether the point that closes a step had come before the step began."""
    began = step.started_at
    if began is None or began >= session.latest_point:
        return False
    if session.closed_at is not None and began < session.closed_at:
        return True
    if step.agent_id is not None:
        return False
    for prompt in session.prompts:
        if prompt.number == step.prompt_number:
            point = prompt.ended_at
        else:
            point = prompt.started_at if prompt.prompt_id is not None else None
        if point is not None and began < point:
            return True
    return False


def ask(batch: Batch, session: SessionState, match_key: int, at: int) -> StepState | None:
    """Give a permission request to the oldest running call it fits; else keep it for its call."""
    fitting = [
        step
        for step in session.running.values()
        if step.match_key == match_key and step.permission_at is None and _began_by(step, at)
    ]
    if fitting:
        step = min(fitting, key=lambda step: (step.started_at or 0, step.step_order))
        step.permission_at = at
        batch.step_changed(step)
        return step
    if (match_key, at) not in session.asks:
        session.asks.append((match_key, at))
        batch.asks_new[Ask(session.pk, match_key, at)] = None
        if len(session.asks) > ASKS_MAX:
            forget_ask(batch, session, *session.asks[0])
    return None


def claim_ask(batch: Batch, session: SessionState, step: StepState, match_key: int) -> None:
    """Give a call that starts the oldest request that waits for it."""
    began = step.started_at or 0
    waiting = [at for key, at in session.asks if key == match_key and at >= began]
    if waiting and step.permission_at is None:
        step.permission_at = min(waiting)
        forget_ask(batch, session, match_key, step.permission_at)


def forget_ask(batch: Batch, session: SessionState, match_key: int, asked_at: int) -> None:
    """Drop a request that waits."""
    session.asks.remove((match_key, asked_at))
    done = Ask(session.pk, match_key, asked_at)
    if done in batch.asks_new:
        del batch.asks_new[done]
    else:
        batch.asks_done.append(done)


def _close(batch: Batch, session: SessionState, steps: Iterable[StepState]) -> None:
    for step in steps:
        step.close()
        session.running.pop(step.id, None)
        batch.step_changed(step)


def _began_by(step: StepState, at: int) -> bool:
    return step.started_at is None or step.started_at <= at
