"""
What the rows of a few sessions must be, worked out from the contract alone.

No memory that could be lost, no batches, no SQL: each event changes plain dictionaries at once. It
knows whole steps, calls, prompts and the life of a session, all told in the order of time.
"""

from typing import Any

from traced.core.event import (
    Event,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)

Row = dict[str, Any]
Answer = tuple[str, int | None]


class Model:
    """One session."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.prompts = 0
        self.prompt_numbers: dict[str, int] = {}
        self.explicit_prompts: set[int] = set()
        self.open = True
        self._seen: dict[str, int | None] = {}

    def tell(self, event: Event) -> Answer:
        """Take one event; return what its sender is to be told."""
        if event.event_id is not None and event.event_id in self._seen:
            return "duplicate", self._seen[event.event_id]
        (change,) = event.changes
        order = None
        match change:
            case StepChange():
                if change.step_order in self.rows:
                    return "rejected", None
                order = self._step(event, change)
            case PromptSubmitted():
                number = self._next() if change.prompt_id is None else self._of(change.prompt_id)
                if change.prompt_id is not None:
                    self._lose(lambda row: row["prompt_number"] != number)
                self.open = True
            case PromptEnded(prompt_id):
                number = self.prompt_numbers.get(prompt_id or "", -1)
                self._lose(lambda row: row["prompt_number"] == number)
            case SessionStarted() | SessionEnded():
                self._lose(lambda _: True)
                self.open = isinstance(change, SessionStarted)
        if event.event_id is not None:
            self._seen[event.event_id] = order
        return "stored", order

    def _step(self, event: Event, change: StepChange) -> int:
        number = self._prompt(change)
        order = next((order for order, row in self.rows.items() if self._is_of(row, change)), None)
        if order is None:
            order = (
                max(self.rows, default=0) + 1 if change.step_order is None else change.step_order
            )
            self.rows[order] = {
                "call_id": change.call_id,
                "event_id": event.event_id,
                "prompt_number": number,
                "status": "running" if change.phase is Phase.START else change.status,
                "input_summary": None,
                "output_summary": None,
                "started_at": None,
                "ended_at": None,
            }
        row = self.rows[order]
        for name in ("input_summary", "output_summary", "started_at", "ended_at"):
            if getattr(change, name) is not None:
                row[name] = getattr(change, name)
        if change.phase is Phase.END:
            row["status"] = change.status
        return order

    @staticmethod
    def _is_of(row: Row, change: StepChange) -> bool:
        return change.call_id is not None and row["call_id"] == change.call_id

    def _prompt(self, change: StepChange) -> int:
        if change.prompt_number is not None:
            self.prompts = max(self.prompts, change.prompt_number)
            return change.prompt_number
        return self.prompts if change.prompt_id is None else self._of(change.prompt_id)

    def _of(self, prompt_id: str) -> int:
        if prompt_id not in self.prompt_numbers:
            self.prompt_numbers[prompt_id] = self._next()
        return self.prompt_numbers[prompt_id]

    def _next(self) -> int:
        self.prompts += 1
        return self.prompts

    def _lose(self, of_prompt: Any) -> None:
        for row in self.rows.values():
            if row["status"] == "running" and of_prompt(row):
                row["status"] = "unknown"
