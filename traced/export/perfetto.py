"""
Rows as a trace in Chrome's JSON, which ui.perfetto.dev and chrome://tracing open.

Law: a session is a process; its prompts, its main thread and each of its sub-agents have lanes of
their own, and calls that ran at once lie beside each other. Times are Unix microseconds.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from traced.export.lanes import Lanes
from traced.store.exporting import PromptEntry, Row, SessionRows
from traced.store.rows import Session, Step
from traced.telemetry.spans import Ran, prompt_times, step_times

US_PER_MS: Final = 1000
PROMPTS: Final = "prompts"
MAIN: Final = "main"
# A sub-agent's id, which is theirs to choose, is no name of the two above.
SUB_AGENT: Final = "agent "
# Of the colours that chrome://tracing has by name; Perfetto chooses its own.
COLOURS: Final = {"error": "terrible", "denied": "bad", "cancelled": "bad", "unknown": "grey"}
ID_CHARS_SHOWN: Final = 8

Told = dict[str, str | int | float]


class _Slice(msgspec.Struct, kw_only=True):
    """Something that lasted, phase "X", on the lane `tid`."""

    name: str
    cat: str
    ts: int
    dur: int
    pid: int
    args: Told
    tid: int = 0
    ph: Literal["X"] = "X"
    cname: str | msgspec.UnsetType = msgspec.UNSET


class _Label(msgspec.Struct):
    """What a process or lane is called, or where it stands: phase "M"."""

    name: str
    pid: int
    tid: int
    args: Told
    ph: Literal["M"] = "M"


def pieces(rows: Iterable[Row], version: str, *, content: bool) -> Iterator[bytes]:
    """Yield the pieces of one JSON document."""
    encoder = msgspec.json.Encoder()
    yield b'{"displayTimeUnit":"ms","otherData":{"traced":%b},"traceEvents":[' % (
        encoder.encode(version)
    )
    before = b"\n"
    for event in _events(rows, content=content):
        yield before + encoder.encode(event)
        before = b",\n"
    yield b"\n]}\n"


def _events(rows: Iterable[Row], *, content: bool) -> Iterator[_Slice | _Label]:
    last_number = 0
    drawn: _Process | None = None
    for row in rows:
        match row:
            case SessionRows(entry, _):
                if drawn is not None:
                    last_number = drawn.lanes.last_number
                drawn = _Process(last_number + 1, content=content)
                yield drawn.label(entry.session)
            case PromptEntry() if drawn is not None:
                yield from drawn.prompt(row)
            case Step() if drawn is not None:
                yield from drawn.step(row)


class _Process:
    """One session as it is drawn; its number is no lane's, in this session or another."""

    def __init__(self, number: int, *, content: bool) -> None:
        self.lanes = Lanes(number)
        self.lanes.reserve(PROMPTS)
        self.lanes.reserve(MAIN)
        self._number = number
        self._content = content

    def label(self, session: Session) -> _Label:
        """Return what the process is called."""
        parts = (session.agent, session.session_id[:ID_CHARS_SHOWN], session.cwd)
        name = " ".join(part for part in parts if part)
        return _Label("process_name", self._number, 0, {"name": name})

    def prompt(self, row: PromptEntry) -> Iterator[_Slice | _Label]:
        """Yield a prompt, on the lane of prompts."""
        prompt = row.prompt
        start_ms, end_ms = prompt_times(prompt, Ran(row.first_ms, row.last_ms))
        if start_ms == 0:  # nothing tells when it was
            return
        text = f" {prompt.summary}" if self._content and prompt.summary else ""
        drawn = _Slice(
            name=f"#{prompt.prompt_number}{text}",
            cat="prompt",
            ts=start_ms * US_PER_MS,
            dur=(end_ms - start_ms) * US_PER_MS,
            pid=self._number,
            args={"prompt_number": prompt.prompt_number},
        )
        yield from self._on_lane(PROMPTS, PROMPTS, drawn)

    def step(self, step: Step) -> Iterator[_Slice | _Label]:
        """Yield a step, on a lane of the agent that ran it."""
        start_ms, end_ms = step_times(step)
        drawn = _Slice(
            name=f"{step.source}.{step.name}" if step.trace_type == "mcp" else step.name,
            cat=step.trace_type,
            ts=start_ms * US_PER_MS,
            dur=(end_ms - start_ms) * US_PER_MS,
            pid=self._number,
            args=self._told(step),
            cname=COLOURS.get(step.status, msgspec.UNSET),
        )
        if step.agent_id is None:
            yield from self._on_lane(MAIN, MAIN, drawn)
        else:
            label = f"{step.agent_type or 'sub-agent'} {step.agent_id[:ID_CHARS_SHOWN]}"
            yield from self._on_lane(SUB_AGENT + step.agent_id, label, drawn)

    def _told(self, step: Step) -> Told:
        told: dict[str, str | int | float | None] = {
            "prompt_number": step.prompt_number,
            "step_order": step.step_order,
            "status": step.status,
            "duration_ms": step.duration_ms,
            "permission_wait_ms": step.permission_wait_ms,
            "call_id": step.call_id,
            "child_agent_id": step.child_agent_id,
        }
        if self._content:
            told["input"] = step.input_summary
            told["output"] = step.output_summary
            told["error"] = step.error
        return {key: value for key, value in told.items() if value is not None}

    def _on_lane(self, owner: str, label: str, drawn: _Slice) -> Iterator[_Slice | _Label]:
        lane = self.lanes.take(owner, drawn.ts, drawn.ts + drawn.dur)
        if lane.is_new:
            name = f"{label} ({lane.place + 1})" if lane.place else label
            yield _Label("thread_name", self._number, lane.number, {"name": name})
            # For chrome://tracing, whose order would be that of the names.
            order: Told = {"sort_index": lane.number}
            yield _Label("thread_sort_index", self._number, lane.number, order)
        drawn.tid = lane.number
        yield drawn
