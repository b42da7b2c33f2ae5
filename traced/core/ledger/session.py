"""
What the recorder knows of one session while it takes its events.

Law: these states hold nothing that is not in the database after the commit; whoever lost them
loads them again and goes on exactly where they were.
"""

from typing import Final

from msgspec import Struct, field

from traced.core.event import PromptSource
from traced.core.ledger.step import StepState

BY_NOBODY: Final = 0
BY_STEP: Final = 1
BY_START: Final = 2
BY_CALL: Final = 3


class PromptState(Struct):
    """
    One row of the table ``prompt``; `number` is null while only other events know the id.

    What `imported` tells that its submission was told afterwards gives way to a hook's telling.
    """

    number: int | None
    prompt_id: str | None
    source: PromptSource = "user"
    summary: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    pk: int | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None
    imported: int = 0


class SubAgentState(Struct):
    """One row of the table ``sub_agent``; `prompt_rank` tells who said which prompt it serves."""

    agent_id: str
    prompt_number: int | None = None
    prompt_rank: int = BY_NOBODY
    agent_type: str | None = None
    parent_agent_id: str | None = None
    call_id: str | None = None
    prompt_id: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    status: str = "running"


class SessionState(Struct):
    """
    One row of the table ``session`` with what hangs on it.

    `sub_agents`, `running` and `asks` are whole; `calls`, `alike` (calls without an id, by their
    match key, in the order of recording) and `prompts` hold what was touched lately. Where
    `calls_complete`, `alike_complete` or `prompts_complete` is false, one that is not in them may
    be in the database. `orders_taken` answers for the explicit step orders of the present batch
    only, and so do `at_orders` and `orders_of_events`, for those of exported rows.
    `latest_point` is no earlier than any point that closes a step: what began since is not over.
    """

    pk: int
    agent: str
    session_id: str
    owner_uid: int
    cwd: str | None = None
    model: str | None = None
    started_at: int | None = None
    opened_at: int | None = None
    closed_at: int | None = None
    ended_at: int | None = None
    end_reason: str | None = None
    last_event_at: int = 0
    heard_at: int = 0
    steps: int = 0
    errors: int = 0
    agent_pid: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None
    is_new: bool = True
    last_step_order: int = 0
    last_prompt_number: int = 0
    latest_point: int = 0
    prompts: list[PromptState] = field(default_factory=list)
    prompts_by_id: dict[str, PromptState] = field(default_factory=dict)
    prompt_numbers: set[int] = field(default_factory=set)
    sub_agents: dict[str, SubAgentState] = field(default_factory=dict)
    running: dict[int, StepState] = field(default_factory=dict)
    asks: list[tuple[int, int]] = field(default_factory=list)
    calls: dict[str, StepState] = field(default_factory=dict)
    alike: dict[int, list[StepState]] = field(default_factory=dict)
    calls_complete: bool = True
    alike_complete: bool = True
    prompts_complete: bool = True
    orders_taken: dict[int, str] = field(default_factory=dict)
    at_orders: dict[int, StepState] = field(default_factory=dict)
    orders_of_events: dict[str, int] = field(default_factory=dict)

    def give_order(self, name: str, wanted: int | None) -> int:
        """
        Count a new step of this name; give its order: the `wanted` one, if any, else the next.

        This is the only place where a step order is born. That nobody has the one that is wanted,
        the caller has made sure.
        """
        if wanted is None:
            order = self.last_step_order = self.last_step_order + 1
        else:
            order = wanted
            self.last_step_order = max(self.last_step_order, wanted)
        self.orders_taken[order] = name
        self.steps += 1
        return order

    def add_prompt(self, prompt: PromptState) -> None:
        """Take a prompt into the list and its two indexes."""
        self.prompts.append(prompt)
        if prompt.prompt_id is not None:
            self.prompts_by_id[prompt.prompt_id] = prompt
        if prompt.number is not None:
            self._numbered(prompt.number)
        self.note_point(prompt.started_at)
        self.note_point(prompt.ended_at)

    def prompt_numbered(self, number: int) -> PromptState | None:
        """Return the prompt of this number, if there is one."""
        if number not in self.prompt_numbers:
            return None
        return next((prompt for prompt in self.prompts if prompt.number == number), None)

    def number_prompt(self, prompt: PromptState) -> int:
        """Give a prompt the next number, once."""
        if prompt.number is None:
            prompt.number = self.last_prompt_number + 1
            self._numbered(prompt.number)
        return prompt.number

    def note_point(self, at: int | None) -> None:
        """Note a point in time that closes what began before it."""
        if at is not None and at > self.latest_point:
            self.latest_point = at

    def _numbered(self, number: int) -> None:
        self.prompt_numbers.add(number)
        self.last_prompt_number = max(self.last_prompt_number, number)
