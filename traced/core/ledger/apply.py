"""The way into the ledger: one event, applied whole."""

from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    Event,
    ModelChanged,
    PermissionAsked,
    PromptEnded,
    PromptSubmitted,
    RunningLost,
    SessionEnded,
    SessionStarted,
    StepChange,
    TokensUsed,
)
from traced.core.exported import Exported
from traced.core.ledger import asks, exported, imported, life, prompts, steps, sub_agents, tokens
from traced.core.ledger.batch import Batch
from traced.core.ledger.session import SessionState
from traced.core.ledger.step import StepState


def apply(batch: Batch, session: SessionState, event: Event) -> int | None:
    """
    Apply one event; return the order of the one step that it made or changed, else None.

    Raises:
        OrderTaken: If it names a step order that another step has. Nothing has changed then.
    """
    if event.imported:
        change = event.changes[0]
        if isinstance(change, Exported):
            return exported.taken(batch, session, change)
        return _apply_imported(batch, session, event)
    if len(event.changes) == 1:  # as most have
        change = event.changes[0]
        step = _apply(batch, session, event, change)
        if not isinstance(change, RunningLost):
            life.touched(batch, session, event)
        return None if step is None else step.step_order
    orders: set[int] = set()
    heard = False
    for change in event.changes:
        step = _apply(batch, session, event, change)
        if step is not None:
            orders.add(step.step_order)
        heard = heard or not isinstance(change, RunningLost)
    if heard:
        life.touched(batch, session, event)
    return orders.pop() if len(orders) == 1 else None


def _apply_imported(batch: Batch, session: SessionState, event: Event) -> int | None:
    before = batch.added
    orders: set[int] = set()
    for change in event.changes:
        match change:
            case PromptSubmitted() | PromptEnded():
                imported.prompt_told(batch, session, event, change)
            case SessionStarted() | SessionEnded():
                imported.session_told(batch, session, event, change)
            case TokensUsed():
                tokens.used(batch, session, change)
            case AgentStarted() | AgentEnded():
                sub_agents.told(batch, session, event, change)
            case StepChange():
                orders.add(steps.changed(batch, session, event, change).step_order)
            case _:
                pass  # nobody waits any more
    imported.touched(batch, session, event, grew=batch.added != before)
    return orders.pop() if len(orders) == 1 else None


def _apply(batch: Batch, session: SessionState, event: Event, change: Change) -> StepState | None:
    match change:
        case StepChange():
            return steps.changed(batch, session, event, change)
        case PermissionAsked():
            return asks.asked(batch, session, change.match_key, event.at)
        case PromptSubmitted() | PromptEnded():
            prompts.told(batch, session, event, change)
        case TokensUsed():
            tokens.used(batch, session, change)
        case AgentStarted() | AgentEnded():
            sub_agents.told(batch, session, event, change)
        case SessionStarted() | SessionEnded() | RunningLost() | ModelChanged():
            life.told(batch, session, event, change)
        case _:
            pass  # a row is always imported
    return None
