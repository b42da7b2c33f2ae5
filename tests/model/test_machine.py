"""The recorder on a real file beside a model worked out from the contract: always the same rows."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support import model_rows
from support.clients import CALLS, NATIVE_CALLS, Clients
from support.compared import check_revisions, check_rows
from support.model import Answer, Session
from support.model_form import SECONDS_MAX, form, seeded
from support.recorded_way import RecordedWay
from support.told import Key, Kind, Told

HOOKED = st.sampled_from(["with ids", "without ids"])
NATIVE = ("custom", "s1")
NOBODY = 2_000_000_000  # above the highest process id of any system
WORDS = st.sampled_from(["done", "failed", "<b>"])
LATE = st.sampled_from([0, 0, 0, 0, 1, 3, 30])
AGENTS = st.sampled_from(["a1", "a2", "a3"])
CALL = st.sampled_from(list(CALLS))
NATIVE_CALL = st.sampled_from(list(NATIVE_CALLS))
WHO = st.fixed_dictionaries(
    {
        "named": st.booleans(),
        "late": LATE,
        "pid": st.sampled_from([None, None, os.getpid(), NOBODY]),
        "model": st.sampled_from([None, "opus"]),
        "prompt": st.integers(1, 4),
    }
)


@seeded
class RecorderBesideModel(RuleBasedStateMachine):
    """
    Tells both the same, cut into batches anywhere, and forgets what is in memory at any time.

    What is told waits until a rule commits it; the model takes it then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clients = Clients()
        self.models: dict[Key, Session] = {}
        self.waiting: list[Told] = []
        self.told: list[Told] = []
        self.steps_before: list[dict[str, Any]] = []
        self.checked = True

    @initialize(
        content=st.booleans(),
        kept=st.sampled_from([0, 2, 32]),
        units_max=st.sampled_from([0, 3, 10_000]),
    )
    def open(self, content: bool, kept: int, units_max: int) -> None:
        """Choose what is captured, and how much of a session is kept in memory."""
        self.asks = kept == 32  # which old calls take a late request depends on what is kept
        self.content = content
        path = Path(self.folder.name) / "traced.db"
        self.way = RecordedWay(path, content=content, units_max=units_max, calls_max=kept)

    @rule(session=HOOKED, who=WHO, source=st.sampled_from(["startup", "resume", "compact"]))
    def session_starts(self, session: str, who: Any, source: str) -> None:
        """A session begins, is resumed, or goes on after a compaction."""
        kind: Kind = "compacted" if source == "compact" else "opened"
        self.tell(self.clients.hook(session, who).life("SessionStart", kind, source=source))

    @rule(session=HOOKED, who=WHO, reason=st.sampled_from(["exit", "logout"]))
    def session_ends(self, session: str, who: Any, reason: str) -> None:
        """A session ends, and what runs of it is over."""
        self.tell(self.clients.hook(session, who).life("SessionEnd", "ended", reason=reason))

    @rule(session=HOOKED, who=WHO, text=st.sampled_from(["go", "on", "<task-notification>x"]))
    def prompt_is_submitted(self, session: str, who: Any, text: str) -> None:
        """A prompt of the user or the agent, under a new id, a known one, or none."""
        self.tell(self.clients.prompt(session, who, text))

    @rule(session=HOOKED, who=WHO, event=st.sampled_from(["Stop", "StopFailure"]))
    def prompt_ends(self, session: str, who: Any, event: str) -> None:
        """A response is over, or it failed."""
        self.tell(self.clients.hook(session, who).life(event, "stop"))

    @rule(session=HOOKED, who=WHO, call=CALL)
    def call_starts(self, session: str, who: Any, call: str) -> None:
        """A call begins; its start may be told after its end."""
        self.tell(self.clients.of_call(session, who, [call], starts=True).start(CALLS[call]))

    @rule(
        session=HOOKED,
        who=WHO,
        call=CALL,
        status=st.sampled_from(["ok", "ok", "error", "cancelled"]),
        duration_ms=st.sampled_from([None, 0, 12.5, 4000]),
        result=WORDS,
    )
    def call_ends(
        self, session: str, who: Any, call: str, status: str, duration_ms: Any, result: str
    ) -> None:
        """A call ends well, fails or is interrupted."""
        teller = self.clients.of_call(session, who, [call])
        self.tell(teller.end(CALLS[call], status, duration_ms, result))

    @rule(session=HOOKED, who=WHO, call=CALL, reason=WORDS)
    def call_is_denied(self, session: str, who: Any, call: str, reason: str) -> None:
        """The agent itself refuses a call."""
        self.tell(self.clients.of_call(session, who, [call]).denied(CALLS[call], reason))

    @rule(
        session=HOOKED,
        who=WHO,
        error=st.booleans(),
        result=WORDS,
        calls=st.lists(CALL, min_size=1, max_size=4, unique=True),
    )
    def batch_ends(
        self, session: str, who: Any, error: bool, result: str, calls: list[str]
    ) -> None:
        """Several calls of one thread were answered."""
        calls = [call for call in calls if CALLS[call].by == CALLS[calls[0]].by]
        teller = self.clients.of_call(session, who, calls)
        self.tell(teller.batch([CALLS[call] for call in calls], result, error=error))

    @precondition(lambda self: self.asks)
    @rule(session=HOOKED, who=WHO, call=CALL)
    def permission_is_asked(self, session: str, who: Any, call: str) -> None:
        """The user is asked for a call of this kind."""
        self.tell(self.clients.hook(session, who).asked(CALLS[call]))

    @rule(session=HOOKED, who=WHO, agent_id=AGENTS, starts=st.booleans())
    def sub_agent(self, session: str, who: Any, agent_id: str, starts: bool) -> None:
        """A sub-agent begins or is done."""
        teller = self.clients.hook(session, who)
        if starts:
            self.tell(teller.agent("SubagentStart", "agent_start", agent_id))
        else:
            self.tell(teller.agent("SubagentStop", "agent_stop", agent_id))

    @rule(session=HOOKED, who=WHO)
    def command_is_expanded(self, session: str, who: Any) -> None:
        """A slash command runs, which is a whole step of the main thread."""
        self.tell(self.clients.hook(session, {**who, "named": True}).command("commit"))

    @rule(session=HOOKED, who=WHO)
    def nothing_is_told(self, session: str, who: Any) -> None:
        """A hook that keeps nothing."""
        self.tell(self.clients.hook(session, who).life("Notification", "ignored"))

    @rule(
        who=WHO,
        call=NATIVE_CALL,
        phase=st.sampled_from(["start", "end", "whole", "whole alone"]),
        order=st.sampled_from([None, None, None, 0, 1, 2, 5, 60]),
        number=st.sampled_from([None, None, None, 0, 1, 3]),
        status=st.sampled_from([None, "ok", "error", "denied", "cancelled"]),
        says=st.fixed_dictionaries({}, optional={
            "input_summary": WORDS, "output_summary": WORDS, "source": WORDS,
            "duration_ms": st.sampled_from([0, 2.5]),
        }),
        by=st.booleans(),
    )  # fmt: skip
    def native_step(self, who: Any, call: str, phase: Any, **said: Any) -> None:
        """A step in traced's own words, now and then at a place or prompt that it names itself."""
        self.tell(self.clients.native(NATIVE, who, call, phase, **said))

    @rule(who=WHO, life=st.sampled_from(["session_start", "prompt", "prompt_end", "session_end"]))
    def life_line(self, who: Any, life: str) -> None:
        """The life of a session whose agent has no hooks."""
        self.tell(self.clients.life(NATIVE, who, life))

    @rule(who=WHO, call=st.none() | NATIVE_CALL)
    def poison(self, who: Any, call: str | None) -> None:
        """What the database refuses costs itself alone."""
        phase = "whole alone" if call is None else "end"
        told = self.clients.native(
            NATIVE, who, call or "n0", phase, name="A poison", kind="refused"
        )
        self.tell(told)

    @precondition(lambda self: self.told)
    @rule(back=st.integers(1, 20))
    def told_again(self, back: int) -> None:
        """The same line comes a second time."""
        self.tell(self.told[-min(back, len(self.told))])

    @rule(at_once=st.booleans())
    def commit(self, at_once: bool) -> None:
        """Write what waits, in one batch or in many; compare what the senders are told."""
        waiting, self.waiting = self.waiting, []
        for told in [waiting] if at_once else [[each] for each in waiting]:
            outcomes = self.way.commit([each.line for each in told], self.clients.clock)
            found = [(outcome.status, outcome.step_order) for outcome in outcomes]
            expected = [self.take(each) for each in told]
            assert found == expected, f"told {found}, expected {expected}"
        self.checked = False

    @rule(units_max=st.sampled_from([0, 3, 10_000]))
    def restart(self, units_max: int) -> None:
        """Forget all but the file; what was not committed is sent again."""
        self.way.restart(units_max)

    @rule(silent=st.booleans())
    def look(self, silent: bool) -> None:
        """Agents are looked for, perhaps after a day of silence."""
        self.commit(at_once=True)
        self.clients.clock += 25 * 60 * 60 * 1000 if silent else 1000
        now = self.clients.clock
        for key, model in self.models.items():
            if model_rows.runs(model) and model.is_left(now, NOBODY):
                model.tell(Told(key, "lost", now), now)
        self.way.look(now)

    @invariant()
    def rows_are_the_models(self) -> None:
        """Whatever has been committed is what the contract says."""
        if self.checked or not self.models:
            return
        found = self.way.rows()
        check_rows(found, self.models, content=self.content)
        check_revisions(self.steps_before, found["execution_traces"])
        self.steps_before = found["execution_traces"]
        self.checked = True

    def teardown(self) -> None:
        """Write what is left, and look once more."""
        try:
            if hasattr(self, "way"):
                self.commit(at_once=True)
                self.rows_are_the_models()
        finally:
            if hasattr(self, "way"):
                self.way.close()
            self.folder.cleanup()

    def tell(self, told: Told) -> None:
        """Send an event, which waits for its batch."""
        self.told.append(told)
        self.waiting.append(told)

    def take(self, told: Told) -> Answer:
        """Let the model take an event; return what its sender is to be told."""
        if told.kind == "ignored":
            return "ignored", None
        if told.kind == "refused":
            return "rejected", None
        return self.models.setdefault(told.key, Session(told.key)).tell(told, self.clients.clock)


RecorderBesideModel.TestCase.settings = form(30)


@pytest.mark.timeout(SECONDS_MAX)
class TestRecorder(RecorderBesideModel.TestCase):  # type: ignore[valid-type,misc]  # made by it
    """A recorder keeps the contract of SPEC section 4 as the model does."""
