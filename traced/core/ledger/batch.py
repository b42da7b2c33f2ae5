"""
What one batch of events changes: the states to write, and the one sequence of ids and revisions.

Law: ids and revisions come from here and nowhere else, each used once, growing.
"""

from msgspec import Struct, field

from traced.core.ledger.session import PromptState, SessionState, SubAgentState
from traced.core.ledger.step import StepState


class Move(Struct, frozen=True):
    """All steps of a sub-agent go to another prompt, but for those that named theirs."""

    session_pk: int
    agent_id: str
    prompt_number: int


class Described(Struct, frozen=True):
    """What became known of a sub-agent, which the rows of its steps show where they say nothing."""

    session_pk: int
    agent_id: str
    type_is_new: bool
    parent_is_new: bool


class Ask(Struct, frozen=True):
    """A permission request that waits for the start of its call."""

    session_pk: int
    match_key: int
    asked_at: int


class Batch(Struct):
    """
    The open page of the ledger.

    `sequence` is the last id or revision given; `now` the batch's time in Unix milliseconds.
    The collections hold states to be written, in the order of their first change; a state that is
    in them may still change until the batch is written.
    `added` counts what imported events added; one that adds nothing has changed nothing.
    """

    sequence: int
    now: int
    sessions: dict[int, SessionState] = field(default_factory=dict)
    prompts: dict[int, tuple[SessionState, PromptState]] = field(default_factory=dict)
    new_steps: dict[int, StepState] = field(default_factory=dict)
    changed_steps: dict[int, StepState] = field(default_factory=dict)
    sub_agents: dict[tuple[int, str], tuple[SessionState, SubAgentState]] = field(
        default_factory=dict
    )
    moves: list[Move] = field(default_factory=list)
    described: list[Described] = field(default_factory=list)
    asks_new: dict[Ask, None] = field(default_factory=dict)
    asks_done: list[Ask] = field(default_factory=list)
    added: int = 0

    def next_id(self) -> int:
        """Give the next id or revision."""
        self.sequence += 1
        return self.sequence

    def ask_kept(self, ask: Ask) -> None:
        """Note that a permission request waits."""
        if ask in self.asks_done:
            self.asks_done.remove(ask)
        else:
            self.asks_new[ask] = None

    def ask_dropped(self, ask: Ask) -> None:
        """Note that a permission request waits no more."""
        if ask in self.asks_new:
            del self.asks_new[ask]
        else:
            self.asks_done.append(ask)

    def step_changed(self, step: StepState) -> None:
        """Note that a step must be written; one that is not new gets a new revision."""
        if step.id not in self.new_steps:
            step.revision = self.next_id()
            self.changed_steps[step.id] = step

    def prompt_changed(self, session: SessionState, prompt: PromptState) -> None:
        """Note that a prompt must be written."""
        self.prompts[id(prompt)] = (session, prompt)

    def sub_agent_changed(self, session: SessionState, sub_agent: SubAgentState) -> None:
        """Note that a sub-agent must be written."""
        self.sub_agents[session.pk, sub_agent.agent_id] = (session, sub_agent)
