"""
Rows as a file of OpenTelemetry traces: OTLP/JSON, one document a line, as collectors read it.

Law: the spans are those that `traced forward` sends, under the same ids. A prompt comes before what
ran for it; what still runs is a span without length, and says so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from traced.store.exporting import PromptEntry, Row, SessionRows
from traced.store.rows import Agent, Step
from traced.telemetry.ids import Origin, trace_id
from traced.telemetry.lineage import Lineage
from traced.telemetry.otlp_json import traces_data
from traced.telemetry.spans import (
    Place,
    Ran,
    Scene,
    Span,
    Value,
    agent_span,
    prompt_span,
    step_span,
)

# A line of 500 spans is about 500 KB without content: receivers take requests of 4 MiB and more.
SPANS_PER_LINE: Final = 500


def lines(
    rows: Iterable[Row], resource: Mapping[str, Value], version: str, *, content: bool
) -> Iterator[bytes]:
    """Yield the lines of the file, each with its newline; `resource` says who exports."""
    waiting: list[Span] = []
    for span in spans(rows, content=content):
        waiting.append(span)
        if len(waiting) == SPANS_PER_LINE:
            yield traces_data(waiting, resource, version) + b"\n"
            waiting.clear()
    if waiting:
        yield traces_data(waiting, resource, version) + b"\n"


def spans(rows: Iterable[Row], *, content: bool) -> Iterator[Span]:
    """Yield the spans of sessions whose rows come as `traced.store.exporting.rows` gives them."""
    session = _Session(Scene(Origin("", "")), [])
    for row in rows:
        match row:
            case SessionRows(entry, agents):
                told = entry.session
                origin = Origin(told.agent, told.session_id, entry.owner_uid)
                session = _Session(Scene(origin, told.model, content=content), agents)
            case PromptEntry():
                yield from session.prompt(row)
            case Step():
                yield session.step(row)


class _Session:
    """Where the spans of one session hang; a step is of the prompt that came last."""

    def __init__(self, scene: Scene, agents: Sequence[Agent]) -> None:
        self._scene = scene
        self._agents = agents
        self._lineage = Lineage(scene.origin, agents)
        self._trace = b""

    def prompt(self, row: PromptEntry) -> Iterator[Span]:
        """Yield a prompt's span, and those of its sub-agents of which no call is known."""
        trace = self._trace = trace_id(self._scene.origin, row.prompt)
        yield prompt_span(self._scene, row.prompt, trace, Ran(row.first_ms, row.last_ms))
        for agent in self._agents:
            is_here = (agent.prompt_number or 0) == row.prompt.prompt_number
            if is_here and self._lineage.has_own_span(agent):
                place = Place(trace, self._lineage.parent_of_agent(agent, trace))
                yield agent_span(self._scene, agent, place, Ran())

    def step(self, row: Step) -> Span:
        """Return a step's span."""
        place = Place(self._trace, self._lineage.parent_of_step(row, self._trace))
        return step_span(self._scene, row, place)
