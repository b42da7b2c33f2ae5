"""
Rows as JSON lines: the form that holds everything, to be taken back without loss.

Law: each line is an object that says what `kind` it is; the first names the schema, the last counts
the others, so that a file cut short is known as one. Columns keep their public names.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec
from msgspec.structs import astuple

from traced.store.exporting import PromptEntry, Row, SessionRows
from traced.store.rows import Agent, Prompt, Session, Step

SCHEMA: Final = "urn:traced:export:1"


class HeadLine(msgspec.Struct, tag_field="kind", tag="export", frozen=True):
    """The first line: which form this is, and which traced wrote it when."""

    schema: Literal["urn:traced:export:1"] = msgspec.field(name="$schema")
    version: str
    exported_at: str


class SessionLine(Session, tag_field="kind", tag="session", frozen=True):
    """A session; `owner_uid` tells users of a shared daemon apart, and is null elsewhere."""

    owner_uid: int | None


class AgentLine(Agent, tag_field="kind", tag="agent", frozen=True):
    """A sub-agent of the session above."""


class PromptLine(Prompt, tag_field="kind", tag="prompt", frozen=True):
    """A prompt of the session above."""


class StepLine(Step, tag_field="kind", tag="step", frozen=True):
    """A step; `input` and `output` are JSON as text, null where they were not captured."""


class EndLine(msgspec.Struct, tag_field="kind", tag="end", frozen=True):
    """The last line: how many of each came before it."""

    sessions: int
    agents: int
    prompts: int
    steps: int


Line = HeadLine | SessionLine | AgentLine | PromptLine | StepLine | EndLine


def schema() -> bytes:
    """Return the JSON Schema of a line."""
    document = msgspec.json.schema(Line)
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA}
    return msgspec.json.format(msgspec.json.encode(named | document), indent=2) + b"\n"


def lines(rows: Iterable[Row], version: str, exported_at: str) -> Iterator[bytes]:
    """Yield the lines of an export, each with its newline."""
    encoder = msgspec.json.Encoder()
    yield encoder.encode(HeadLine(SCHEMA, version, exported_at)) + b"\n"
    counts = {"session": 0, "agent": 0, "prompt": 0, "step": 0}
    for row in rows:
        for line in _lines(row):
            counts[str(line.__struct_config__.tag)] += 1
            yield encoder.encode(line) + b"\n"
    yield encoder.encode(EndLine(*counts.values())) + b"\n"


def _lines(row: Row) -> Iterator[SessionLine | AgentLine | PromptLine | StepLine]:
    match row:
        case SessionRows(entry, agents):
            owner = None if entry.owner_uid < 0 else entry.owner_uid
            yield SessionLine(*(*astuple(entry.session), owner))
            yield from (AgentLine(*astuple(agent)) for agent in agents)
        case PromptEntry():
            if row.is_recorded:  # of a number that only steps have, they tell themselves
                yield PromptLine(*astuple(row.prompt))
        case Step():
            yield StepLine(*astuple(row))
