"""
What is to be sent next: a slice of what is new, as spans, and the cursor behind it.

Law: a span is made once its row tells the end of what ran, and has told it for a moment: a step's
with its end, a prompt's when it is over. A sub-agent's steps wait until its call is known, or no
longer awaited, for a span that was sent cannot be hung elsewhere. Of later changes only an end that
was unknown is sent.
"""

from itertools import islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from traced.forward.cursor import Cursor, Draft
from traced.forward.family import Family, Moment, Telling, may_return
from traced.store import forwarding
from traced.store.forwarding import Changed, ChangedStep, PromptKey, Root
from traced.store.pages import CONTENT_BYTES_MAX, INT64_MAX
from traced.store.reader import ReadConnection, snapshot
from traced.store.rows import Step
from traced.telemetry.ids import root_span_id, trace_id
from traced.telemetry.spans import (
    Place,
    Ran,
    Span,
    agent_span,
    prompt_span,
    step_span,
)

HELD_STEPS_MAX: Final = 500
OWED_PROMPTS_MAX: Final = 500
# Agents do not tell of every end: Claude Code calls no hook where its user interrupts it.
IDLE_MS_MAX: Final = 15 * 60_000


class Slice(NamedTuple):
    """
    Spans, and the cursor that holds once they are taken.

    `is_anew` tells that the database is another one than that of the cursor before.
    """

    spans: list[Span]
    cursor: Cursor
    has_more: bool
    is_anew: bool


def gather(connection: ReadConnection, cursor: Cursor, telling: Telling, moment: Moment) -> Slice:
    """
    Return the next slice after a cursor.

    Raises:
        StoreError: If the database cannot be read.
    """
    with snapshot(connection):
        position = forwarding.position(connection)
        is_behind = position.revision < cursor.revision or position.prompt_pk < cursor.prompt_pk
        is_anew = is_behind or _is_of_another(connection, cursor)
        work = _Work(connection, Draft(Cursor() if is_anew else cursor), telling, moment)
        has_more = work.read()
        spans = [*work.above, *work.steps]
        return Slice(spans, _witnessed(connection, work.draft.done()), has_more, is_anew)


def from_now_on(connection: ReadConnection) -> Cursor:
    """
    Return the cursor behind everything that has ended by now.

    Raises:
        StoreError: If the database cannot be read.
    """
    with snapshot(connection):
        position = forwarding.position(connection)
        running = tuple(forwarding.running(connection))
        return _witnessed(connection, Cursor(position.revision, position.prompt_pk, running))


def _witnessed(connection: ReadConnection, cursor: Cursor) -> Cursor:
    return replace(cursor, witness=forwarding.witness(connection, cursor.revision))


def _is_of_another(connection: ReadConnection, cursor: Cursor) -> bool:
    # A database that was started afresh may have overtaken the cursor by the time it is read: its
    # numbers tell nothing, but its steps are younger than those that had them before.
    if cursor.witness is None:
        return False
    found = forwarding.witness(connection, cursor.witness.step_id)
    if found is None:
        return False
    is_same_step = found.step_id == cursor.witness.step_id
    return found != cursor.witness if is_same_step else found.made_at > cursor.witness.made_at


class _Work:
    """Turns rows into `above` (prompts and sub-agents) and `steps`, and moves the draft on."""

    def __init__(
        self, connection: ReadConnection, draft: Draft, telling: Telling, moment: Moment
    ) -> None:
        self.draft = draft
        self.above: list[Span] = []
        self.steps: list[Span] = []
        self._connection = connection
        self._telling = telling
        self._moment = moment
        self._content_bytes = 0
        self._roots: dict[PromptKey, Root] = {}
        self._families: dict[int, Family] = {}

    def read(self) -> bool:
        """Take a slice; return whether there is more."""
        draft = self.draft
        changed = forwarding.changed(self._connection, draft.revision)
        made = forwarding.made_prompts(
            self._connection, draft.prompt_pk, self._last_prompt(changed), draft.unnumbered
        )
        # Those without a number are looked at each time, and may be many; they are no news.
        are_full = sum(prompt.pk > draft.prompt_pk for prompt in made) >= forwarding.PROMPTS_MAX
        for prompt in made:
            draft.prompt_pk = max(draft.prompt_pk, prompt.pk)
            draft.unnumbered.pop(prompt.pk, None)
            if prompt.prompt_number is None:
                draft.unnumbered[prompt.pk] = None
            else:
                draft.owed[PromptKey(prompt.session_pk, prompt.prompt_number)] = None
        held = forwarding.steps(self._connection, islice(draft.held, HELD_STEPS_MAX))
        if are_full:  # nor do steps come ahead of their prompts
            changed = Changed([], draft.revision, has_more=True)
        # In their order, so that a cursor is the same as before where nothing came.
        owed = islice(draft.owed, OWED_PROMPTS_MAX)
        keys = dict.fromkeys([*owed, *(_key(each) for each in (*held, *changed.steps))])
        idle_since_ms = self._moment.now_ms - IDLE_MS_MAX
        self._roots = forwarding.roots(self._connection, keys, idle_since_ms)
        is_full = not self._take_held(held) or not self._take_changed(changed)
        self._drop_removed()
        for key in keys:
            if key in draft.owed:
                self._pay(key)
        is_behind = len(draft.owed) > OWED_PROMPTS_MAX or len(draft.held) > HELD_STEPS_MAX
        has_news = are_full or changed.steps != []
        return is_full or has_news or (is_behind and bool(self.above or self.steps))

    def _last_prompt(self, changed: Changed) -> int:
        # As long as there are more steps, no prompt comes long before its own: whether its root was
        # sent is remembered for a while only.
        if not changed.has_more:
            return INT64_MAX
        return forwarding.newest_prompt(self._connection, changed.steps) or self.draft.prompt_pk

    def _take_held(self, held: list[ChangedStep]) -> bool:
        for step_id in list(islice(self.draft.held, HELD_STEPS_MAX)):
            del self.draft.held[step_id]
        for place, each in enumerate(held):
            if each.step.status == "running":  # its end was given to an earlier, equal call
                self.draft.running[each.step.id] = None
            elif not self._take(each):
                first = {step.step.id: None for step in held[place:]}
                self.draft.held = first | self.draft.held
                return False
        return True

    def _take_changed(self, changed: Changed) -> bool:
        draft = self.draft
        for each in changed.steps:
            step = each.step
            is_new = step.id > draft.revision_before
            if step.status == "running":
                draft.held.pop(step.id, None)
                draft.running[step.id] = None
            elif is_new or step.id in draft.running or self._has_end_now(step):
                if not self._take(each):
                    return False
                draft.running.pop(step.id, None)
            draft.revision = step.revision
        draft.revision = changed.revision
        return True

    def _has_end_now(self, step: Step) -> bool:
        return step.id in self.draft.unknown and step.status != "unknown"

    def _take(self, each: ChangedStep) -> bool:
        """Make the step's span, or hold the step; return False if there is no room for it."""
        step = each.step
        root = self._roots[_key(each)]
        family = self._family(root)
        if self._moment.is_fresh(step.ended_at) or family.awaits_parent(step, root, self._moment):
            self.draft.held[step.id] = None
            return True
        if self._telling.content:
            step = forwarding.with_content(self._connection, step)
            self._content_bytes += len(step.input or "") + len(step.output or "")
            if self.steps and self._content_bytes > CONTENT_BYTES_MAX:
                return False
        trace = trace_id(family.scene.origin, root.prompt)
        place = Place(trace, family.lineage.parent_of_step(step, trace))
        self.steps.append(step_span(family.scene, step, place))
        self.draft.unknown.pop(step.id, None)
        if step.status == "unknown":
            self.draft.unknown[step.id] = None
        self.draft.owed[_key(each)] = None
        return True

    def _drop_removed(self) -> None:
        running = self.draft.running
        if running:
            there = forwarding.still_there(self._connection, running)
            self.draft.running = {key: None for key in running if key in there}

    def _pay(self, key: PromptKey) -> None:
        """Make the spans of an owed prompt that can be made; owe it on if there will be more."""
        del self.draft.owed[key]
        root = self._roots.get(key)
        if root is None:
            return
        is_over = root.is_over or root.session_is_over
        if not is_over or self._moment.is_fresh(root.prompt.ended_at):
            self.draft.owed[key] = None
            return
        family = self._family(root)
        trace = trace_id(family.scene.origin, root.prompt)
        ran = Ran(root.first_ms, root.last_ms)
        if self._is_news(root_span_id(trace)):
            self.above.append(prompt_span(family.scene, root.prompt, trace, ran))
        for agent in family.own_agents(key.prompt_number):
            if may_return(agent, self._moment) and not root.session_is_over:
                self.draft.owed[key] = None
                continue
            place = Place(trace, family.lineage.parent_of_agent(agent, trace))
            span = agent_span(family.scene, agent, place, Ran())
            if self._is_news(span.span_id):
                self.above.append(span)

    def _is_news(self, span_id: bytes) -> bool:
        name = span_id.hex()
        is_news = name not in self.draft.told
        self.draft.told.pop(name, None)
        self.draft.told[name] = None
        return is_news

    def _family(self, root: Root) -> Family:
        family = self._families.get(root.session_pk)
        if family is None:
            family = Family(self._connection, root, self._telling)
            self._families[root.session_pk] = family
        return family


def _key(each: ChangedStep) -> PromptKey:
    return PromptKey(each.session_pk, each.step.prompt_number)
