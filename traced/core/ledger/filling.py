"""
Steps added afterwards: imported from what an agent wrote down itself.

Law: an import says how a step of unknown end ended and fills what is null; it changes nothing else.
What a hook tells is stronger in every field, whether it came before or comes after: an imported
value has rank 0, which every event beats.
"""

from typing import Final

from traced.core.event import Phase, StepChange
from traced.core.exported import ExportedStep
from traced.core.ledger.step import BY_IMPORT, PLAIN, RANK_MASK, RESULT, RUNNING, UNKNOWN, StepState

NOT_TOLD: Final = 0
UNTOLD_ENDS: Final = frozenset({NOT_TOLD, UNKNOWN})


def weaken(step: StepState, change: StepChange) -> None:
    """Let a new row be what an import made of it: nobody says that it runs, or will say more."""
    step.match_key = None
    if change.phase is Phase.START:
        step.ranks = NOT_TOLD
        step.status = "unknown"
    else:
        step.ranks = BY_IMPORT
        step.status = _status(change)


def fill(step: StepState, change: StepChange) -> None:
    """Add to a step what nobody has told of it; one that runs will be told of by its own events."""
    held = step.ranks & RANK_MASK
    if held == RUNNING:
        return
    for name, _ in PLAIN:
        fill_null(step, change, name)
    if held <= BY_IMPORT:
        for name, _ in RESULT:
            fill_null(step, change, name)
    if held in UNTOLD_ENDS and change.phase is not Phase.START:
        step.ranks += BY_IMPORT - held
        step.status = _status(change)


def fill_null(step: StepState, change: StepChange | ExportedStep, name: str) -> None:
    """Fill one field of the step if it is null."""
    value = getattr(change, name)
    if value is not None and getattr(step, name) is None:
        setattr(step, name, value)


def _status(change: StepChange) -> str:
    return "denied" if change.phase is Phase.DENIED else change.status or "ok"
