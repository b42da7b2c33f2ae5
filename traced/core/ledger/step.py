"""
One step, and how the events of its call meet in it.

Law: the row depends on which events came, never on their order (SPEC 4, law 2). Every field
remembers how strong the event was that said it; a stronger one replaces it, an equal one wins if
its value sorts lower, a weaker one only fills what is null. Merging is therefore commutative,
associative and idempotent.
"""

from typing import Final

from msgspec import Struct

from traced.core.event import EndStatus, Phase, StepChange

RUNNING: Final = 1
UNKNOWN: Final = 2
BY_BATCH: Final = 3
BY_DENIAL: Final = 4
BY_END: Final = 5

STARTED_FLAG: Final = 1 << 3
BATCH_ERROR_FLAG: Final = 1 << 4
FIRST_FIELD_BIT: Final = 5
RANK_MASK: Final = 0b111

SEVERITY: Final[dict[str, int]] = {"ok": 0, "cancelled": 1, "denied": 2, "error": 3}
STATUS_RANK: Final = {
    Phase.START: RUNNING,
    Phase.BATCH: BY_BATCH,
    Phase.DENIED: BY_DENIAL,
    Phase.END: BY_END,
}
# Where a call belongs was true when it began; what came later may already speak of the next prompt.
PROMPT_RANK: Final = {Phase.BATCH: 1, Phase.DENIED: 1, Phase.END: 2, Phase.START: 3}
EXPLICIT_PROMPT: Final = 4

# Three bits a field in `ranks`, in this order, above the status rank and the two flags.
FIELDS: Final = (
    "what",
    "source",
    "agent_id",
    "agent_type",
    "parent_agent_id",
    "child_agent_id",
    "input",
    "output",
    "error",
    "prompt",
    "started_at",
    "ended_at",
    "duration_ms",
)
SHIFT: Final = {name: FIRST_FIELD_BIT + 3 * index for index, name in enumerate(FIELDS)}
PROMPT_SHIFT: Final = SHIFT["prompt"]
PLAIN: Final = tuple(
    (name, SHIFT[name])
    for name in FIELDS
    if name not in {"what", "input", "output", "prompt", "started_at"}
)
PAIRS: Final = (
    ("trace_type", "name", SHIFT["what"]),
    ("input_summary", "input", SHIFT["input"]),
    ("output_summary", "output", SHIFT["output"]),
)


class StepState(Struct, gc=False):
    """One row of the table ``step``, in the order of its columns."""

    id: int
    revision: int
    session_pk: int
    step_order: int
    prompt_number: int
    trace_type: str
    name: str
    status: str
    source: str | None = None
    input_summary: str | None = None
    output_summary: str | None = None
    error: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    duration_ms: float | None = None
    permission_at: int | None = None
    call_id: str | None = None
    agent_id: str | None = None
    agent_type: str | None = None
    parent_agent_id: str | None = None
    child_agent_id: str | None = None
    input: str | None = None
    output: str | None = None
    event_id: str | None = None
    peer_uid: int | None = None
    created_at: int = 0
    ranks: int = 0
    match_key: int | None = None

    @property
    def running(self) -> bool:
        """Whether nothing has ended or closed it yet."""
        return self.status == "running"

    @property
    def prompt_is_explicit(self) -> bool:
        """Whether an event named the prompt's number itself: then nothing moves it."""
        return (self.ranks >> PROMPT_SHIFT) & RANK_MASK == EXPLICIT_PROMPT

    def close(self) -> None:
        """Nothing more is to be expected of a running step: how it ended is unknown."""
        if self.ranks & RANK_MASK == RUNNING:
            self.ranks += UNKNOWN - RUNNING
            self.status = "unknown"
            self.match_key = None


def merge(step: StepState, change: StepChange, prompt_number: int) -> None:
    """Let `change` say what it knows of `step`; `prompt_number` is where it would put it."""
    phase = change.phase
    rank = int(phase)
    for name, shift in PLAIN:
        value = getattr(change, name)
        if value is not None:
            _offer(step, (name,), (value,), rank, shift)
    for first, second, shift in PAIRS:
        values = (getattr(change, first), getattr(change, second))
        if values != (None, None):
            _offer(step, (first, second), values, rank, shift)
    if change.started_at is not None:
        # A call began when its start says; an end that brings a start is the second-best witness.
        started_rank = Phase.END if phase is Phase.START else Phase.START
        _offer(step, ("started_at",), (change.started_at,), int(started_rank), SHIFT["started_at"])
    explicit = change.prompt_number is not None
    _offer(
        step,
        ("prompt_number",),
        (prompt_number,),
        EXPLICIT_PROMPT if explicit else PROMPT_RANK[phase],
        PROMPT_SHIFT,
    )
    _settle_status(step, phase, change.status)
    if not step.running:
        step.match_key = None


def _offer(
    step: StepState,
    names: tuple[str, ...],
    values: tuple[str | int | float | None, ...],
    rank: int,
    shift: int,
) -> None:
    held = (step.ranks >> shift) & RANK_MASK
    if rank < held:
        return
    if rank == held:
        current = tuple(getattr(step, name) for name in names)
        if _sort_key(current) <= _sort_key(values):
            return
    for name, value in zip(names, values, strict=True):
        setattr(step, name, value)
    step.ranks += (rank - held) << shift


def _sort_key(values: tuple[str | int | float | None, ...]) -> tuple[tuple[bool, str, float], ...]:
    return tuple(
        (value is None, value, 0.0) if isinstance(value, str) else (value is None, "", value or 0)
        for value in values
    )


def _settle_status(step: StepState, phase: Phase, status: EndStatus | None) -> None:
    ranks = step.ranks
    held = ranks & RANK_MASK
    rank = STATUS_RANK[phase]
    if phase is Phase.START:
        ranks |= STARTED_FLAG
    if phase is Phase.BATCH and status == "error":
        ranks |= BATCH_ERROR_FLAG
    if rank > held:
        ranks += rank - held
    step.ranks = ranks
    strongest = ranks & RANK_MASK
    if strongest == BY_END:
        if rank == BY_END:
            said = status or "ok"
            if held < BY_END or SEVERITY[said] > SEVERITY[step.status]:
                step.status = said
    elif strongest == BY_DENIAL:
        step.status = "denied"
    elif strongest == BY_BATCH:
        started = ranks & STARTED_FLAG
        step.status = "error" if ranks & BATCH_ERROR_FLAG else "denied" if started else "ok"
    else:
        step.status = "running" if strongest == RUNNING else "unknown"
