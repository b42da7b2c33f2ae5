"""
One step, and how the events of its call meet in it.

Law: the row depends on which events came, never on their order (SPEC 4, law 2). Every field
remembers how strong the event was that said it; a stronger one replaces it, an equal one wins if
its value sorts lower, a weaker one only fills what is null. Merging is therefore commutative,
associative and idempotent. Two things follow from points in time instead, and are settled by
their own rooms: whether a step is over (`running`), when its agent asked its user (`asks`), and
which start is that of a call without an id (`alike`). What is imported is weaker than any event
(`filling`).
"""

from typing import Final

from msgspec import Struct

from traced.core.event import EndStatus, Phase, StepChange

RUNNING: Final = 1
UNKNOWN: Final = 2
BY_IMPORT: Final = 3
BY_BATCH: Final = 4
BY_DENIAL: Final = 5
BY_END: Final = 6

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
IMPLIED_PROMPT: Final = 0
EXPLICIT_PROMPT: Final = 4

# Three bits a field in `ranks`, in this order, above the status rank and the two flags. SQL knows
# where "input", "output" and "prompt" stand: new fields go to the end.
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
    "input_summary",
    "output_summary",
    "explicit_prompt",
)
SHIFT: Final = {name: FIRST_FIELD_BIT + 3 * index for index, name in enumerate(FIELDS)}
WHAT_SHIFT: Final = SHIFT["what"]
PROMPT_SHIFT: Final = SHIFT["prompt"]
EXPLICIT_SHIFT: Final = SHIFT["explicit_prompt"]
STARTED_AT_SHIFT: Final = SHIFT["started_at"]
RESULT: Final = tuple((name, SHIFT[name]) for name in ("output", "output_summary", "error"))
# What a batch says of a result holds only where nobody else tells: the others need not be undone.
IMPORTED: Final = 0
RESULT_RANK: Final = {Phase.BATCH: 1, Phase.START: 2, Phase.DENIED: 3, Phase.END: 4}
CONTENT: Final = frozenset({"input", "output"})
PLAIN: Final = tuple(
    (name, SHIFT[name])
    for name in FIELDS
    if name not in {"what", "prompt", "explicit_prompt", "output", "output_summary", "error"}
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
        """How a running step ended is unknown, until something stronger tells."""
        if self.ranks & RANK_MASK == RUNNING:
            self.ranks += UNKNOWN - RUNNING
            self.status = "unknown"

    def open(self) -> None:
        """Undo `close`: what closed it was no end of the call that this row has now."""
        if self.ranks & RANK_MASK == UNKNOWN:
            self.ranks -= UNKNOWN - RUNNING
            self.status = "running"


def put_start(step: StepState, started_at: int | None) -> None:
    """Give a step another start, or none; all else stays (`alike`)."""
    step.started_at = started_at
    step.ranks &= ~(STARTED_FLAG | RANK_MASK << STARTED_AT_SHIFT)
    if started_at is not None:
        step.ranks |= STARTED_FLAG | int(Phase.START) << STARTED_AT_SHIFT


def merge(step: StepState, change: StepChange, prompt_number: int) -> None:
    """Let `change` say what it knows of `step`; `prompt_number` is where it would put it."""
    phase = change.phase
    rank = int(phase)
    _offer_what(step, change.trace_type, change.name, rank)
    for name, shift in PLAIN:
        value = getattr(change, name)
        if value is not None:
            _offer(step, name, value, rank, shift)
    for name, shift in RESULT:
        value = getattr(change, name)
        if value is not None:
            _offer(step, name, value, RESULT_RANK[phase], shift)
    if change.prompt_number is not None:
        _offer(step, "prompt_number", prompt_number, rank, EXPLICIT_SHIFT)
        step.ranks = step.ranks & ~(RANK_MASK << PROMPT_SHIFT) | EXPLICIT_PROMPT << PROMPT_SHIFT
    elif not step.prompt_is_explicit:
        named = PROMPT_RANK[phase] if change.prompt_id is not None else IMPLIED_PROMPT
        _offer(step, "prompt_number", prompt_number, named, PROMPT_SHIFT)
    if change.match_key is not None and (phase is Phase.START or change.call_id is None):
        held = step.match_key
        step.match_key = change.match_key if held is None else min(held, change.match_key)
    _settle_status(step, phase, change.status)
    strongest = step.ranks & RANK_MASK
    if strongest > BY_IMPORT:
        _drop_results(step, RESULT_RANK[Phase.BATCH] if strongest == BY_END else IMPORTED)


def _offer(step: StepState, name: str, value: str | float, rank: int, shift: int) -> None:
    held = (step.ranks >> shift) & RANK_MASK
    if rank > held:
        step.ranks += (rank - held) << shift
    else:
        current = getattr(step, name)
        if rank < held or current is None:
            return
        # Content that is not loaded is compared where it lies: `put_steps` takes the lower.
        if value >= current and not (current == "" and name in CONTENT):
            return
    setattr(step, name, value)


def _offer_what(step: StepState, trace_type: str, name: str, rank: int) -> None:
    # The name of a call means something under its own type only.
    held = (step.ranks >> WHAT_SHIFT) & RANK_MASK
    if rank > held:
        step.ranks += (rank - held) << WHAT_SHIFT
    elif rank < held or (trace_type, name) >= (step.trace_type, step.name):
        return
    step.trace_type = trace_type
    step.name = name


def _drop_results(step: StepState, rank_max: int) -> None:
    # An end is complete: what the model was given for a call that failed only repeats its error.
    # And what an import said of a result goes with the end that it told, which holds no more.
    for name, shift in RESULT:
        if (step.ranks >> shift) & RANK_MASK <= rank_max:
            step.ranks &= ~(RANK_MASK << shift)
            setattr(step, name, None)


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
    elif strongest != BY_IMPORT:  # which has said how it ended, once and for all
        step.status = "running" if strongest == RUNNING else "unknown"
