"""The way into the ledger: one event, applied whole."""

from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Event,
    ModelChanged,
    PermissionAsked,
    PromptEnded,
    PromptSubmitted,
    RunningLost,
    SessionEnded,
    SessionStarted,
    StepChange,
)
from traced.core.ledger import life, prompts, running, steps, sub_agents
from traced.core.ledger.batch import Batch
from traced.core.ledger.session import SessionState


def apply(batch: Batch, session: SessionState, event: Event) -> int | None:
    """
    Apply one event; return the order of the one step that it made or changed, else None.

    Raises:
        OrderTaken: If it names a step order that another step has. Nothing has changed then.
    """
    orders: set[int] = set()
    for change in event.changes:
        match change:
            case StepChange():
                orders.add(steps.changed(batch, session, event, change).step_order)
            case PermissionAsked():
                step = running.ask(batch, session, change.match_key, event.at)
                orders.update({step.step_order} if step is not None else ())
            case PromptSubmitted():
                prompts.submitted(batch, session, event, change)
            case PromptEnded():
                prompts.ended(batch, session, event, change)
            case AgentStarted():
                sub_agents.started(batch, session, event, change)
            case AgentEnded():
                sub_agents.ended(batch, session, event, change)
            case SessionStarted():
                life.started(batch, session, event, change)
            case SessionEnded():
                life.ended(batch, session, event, change)
            case RunningLost():
                life.lost(batch, session, event)
                return None
            case ModelChanged():
                session.model = event.model
    life.touched(batch, session, event)
    return orders.pop() if len(orders) == 1 else None
