"""The recorder on a real file beside a model that is plain dictionaries: always the same rows."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.model import Answer, Model
from support.store import NOW, append, event, rows, whole, writer

from traced.core.event import (
    Change,
    Event,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)
from traced.store.recorder import Recorder

SESSIONS = st.sampled_from(["s1", "s2"])
CALLS = st.integers(0, 7).map(lambda number: f"c{number}")
STATUSES = st.sampled_from(["ok", "error", "denied", "cancelled"])
OPTIONAL_ORDERS = st.none() | st.integers(0, 12)
STEPS = (
    "SELECT step_order, call_id, event_id, prompt_number, status, input_summary, output_summary,"
    " step.started_at, step.ended_at FROM step JOIN session ON pk = session_pk"
    " WHERE session_id = ?"
)
TOTALS = "SELECT steps, errors, ended_at IS NULL AS open FROM sessions WHERE session_id = ?"


class RecorderBesideModel(RuleBasedStateMachine):
    """
    Tells both the same events, and forgets what the recorder has in memory at any time.

    Events wait in `batch` until a rule commits them; the model has taken them by then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.connection = writer(Path(self.folder.name) / "traced.db")
        self.recorder = Recorder(self.connection)
        self.models: dict[str, Model] = {}
        self.batch: list[Event] = []
        self.answers: list[Answer] = []
        self.told: list[Event] = []
        self.ended: set[tuple[str, str]] = set()
        self.at = NOW
        self.prompts = 0

    @initialize(with_ids=st.booleans())
    def choose(self, with_ids: bool) -> None:
        """Agents give prompts ids or they do not; none does both."""
        self.with_ids = with_ids

    @rule(
        session=SESSIONS,
        order=OPTIONAL_ORDERS,
        prompt=st.none() | st.integers(0, 5),
        named=st.booleans(),
    )
    def whole_step(self, session: str, order: int | None, prompt: int | None, named: bool) -> None:
        """A step without a call, now and then at a place that it names itself."""
        number = None if self.with_ids else prompt
        self._tell(whole(session=session, step_order=order, prompt_number=number), named=named)

    @rule(session=SESSIONS, call_id=CALLS, named=st.booleans())
    def call_starts(self, session: str, call_id: str, named: bool) -> None:
        """A call starts, or its start comes after its end."""
        change = StepChange(Phase.START, "tool", "Bash", call_id, input_summary=f"in {call_id}")
        started = {row["call_id"] for row in self._rows(session) if row["started_at"]}
        if call_id not in started:
            change.started_at = self.at + 1
            self._tell(event(change, session=session), named=named)

    @rule(session=SESSIONS, call_id=CALLS, status=STATUSES, named=st.booleans())
    def call_ends(self, session: str, call_id: str, status: Any, named: bool) -> None:
        """A call ends, whether its start was told or not."""
        if (session, call_id) in self.ended:
            return
        self.ended.add((session, call_id))
        change = StepChange(
            Phase.END,
            "tool",
            "Bash",
            call_id,
            status=status,
            output_summary=f"out {call_id}",
            ended_at=self.at + 1,
        )
        self._tell(event(change, session=session), named=named)

    @rule(session=SESSIONS, again=st.booleans(), named=st.booleans())
    def prompt_begins(self, session: str, again: bool, named: bool) -> None:
        """A prompt is submitted, or more is typed while it runs."""
        if not again:
            self.prompts += 1
        prompt_id = f"p{self.prompts}" if self.with_ids else None
        self._tell(event(PromptSubmitted(prompt_id, "user", None), session=session), named=named)

    @rule(session=SESSIONS, change=st.sampled_from(["prompt", "end", "start"]))
    def something_ends(self, session: str, change: str) -> None:
        """A prompt or a session ends, or a session starts anew: what ran of it is over."""
        changes: dict[str, Change] = {
            "end": SessionEnded("exit"),
            "start": SessionStarted(continues=False),
        }
        if self.with_ids:
            changes["prompt"] = PromptEnded(f"p{self.prompts}")
        if change in changes:
            self._tell(event(changes[change], session=session), named=False)

    @rule(back=st.integers(1, 20))
    def told_again(self, back: int) -> None:
        """An event that has an id is sent a second time."""
        if len(self.told) >= back:
            self._give(self.told[-back])

    @rule()
    def commit(self) -> None:
        """Write what waits, and compare what the senders are told."""
        outcomes = append(self.recorder, *self.batch)
        assert [(outcome.status, outcome.step_order) for outcome in outcomes] == self.answers
        self.batch, self.answers = [], []

    @rule(units_max=st.sampled_from([0, 3, 10_000]))
    def restart(self, units_max: int) -> None:
        """Forget all but the file."""
        self.commit()
        self.recorder = Recorder(self.connection, units_max=units_max)

    @invariant()
    def rows_are_the_models(self) -> None:
        """Whatever has been committed is what the contract says."""
        if self.batch:
            return
        for session, model in self.models.items():
            found = {row.pop("step_order"): row for row in rows(self.connection, STEPS, session)}
            assert found == model.rows
            assert rows(self.connection, TOTALS, session) == [
                {
                    "steps": len(model.rows),
                    "errors": sum(row["status"] == "error" for row in model.rows.values()),
                    "open": model.open,
                }
            ]

    def teardown(self) -> None:
        """Write what is left, and look once more."""
        try:
            self.commit()
            self.rows_are_the_models()
        finally:
            self.connection.close()
            self.folder.cleanup()

    def _rows(self, session: str) -> list[dict[str, Any]]:
        return list(self.models[session].rows.values()) if session in self.models else []

    def _tell(self, told: Event, *, named: bool) -> None:
        self.at += 1
        told.at = self.at
        if named:
            told.event_id = f"e{self.at}"
            self.told.append(told)
        self._give(told)

    def _give(self, told: Event) -> None:
        self.batch.append(told)
        self.answers.append(self.models.setdefault(told.session_id, Model()).tell(told))


RecorderBesideModel.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


class TestRecorder(RecorderBesideModel.TestCase):  # type: ignore[valid-type,misc]  # made by it
    """A recorder keeps the contract of SPEC section 4 as the model does."""
