"""
What `traced export` wrote, given back row by row.

Law: a row is sent as it stands in the file; which prompt a step or sub-agent is of is said by the
prompt's id, because numbers may differ where it goes. Memory holds one session's sub-agents. A file
that was cut short gives what it has, and the user is told.
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import asdict

from traced.backfill.fields import Record
from traced.backfill.told import Asked, Counts, SubAgent, Unreadable
from traced.core.errors import Malformed
from traced.core.json_text import check_json
from traced.core.times import parse_time
from traced.export import jsonl

Columns = dict[str, object]

# Below the daemon's bound on a line, with room for the other columns.
CONTENT_BYTES_MAX: Final = 7 * 1024 * 1024
CONTENT: Final = ("input", "output")
NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
TIMES: Final = frozenset({"started_at", "ended_at"})
# What a database gives its rows itself, what follows from other rows, and what stands elsewhere.
LEFT_OUT: Final = {
    "session": frozenset(
        {
            *("last_event_at", "steps", "errors"),
            *("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens"),
        }
    ),
    "agent": frozenset[str](),
    "prompt": frozenset[str](),
    "step": frozenset({"id", "revision", "created_at", "created_at_epoch", *CONTENT}),
}


def recognises(first: Record) -> bool:
    """Tell whether a file that begins with this record is an export."""
    return first.get("kind") == "export" and "$schema" in first


class Export(Struct):
    """One file, of any number of sessions; what was used last before `asked.oldest_ms` is not."""

    asked: Asked
    counts: Counts = field(default_factory=Counts)
    whose: Columns | None = None
    prompt: jsonl.PromptLine | None = None
    agents: dict[int | None, list[jsonl.AgentLine]] = field(default_factory=dict)
    read_of: dict[str, int] = field(default_factory=dict)
    is_whole: bool = True

    def read(self, records: Iterator[Record], _sub_agent: SubAgent | None) -> Iterator[bytes]:
        """Yield what the lines of the file tell."""
        for record in records:
            if record.get("kind") == "export" and record.get("$schema") != jsonl.SCHEMA:
                raise Unreadable(
                    f"its $schema is {record.get('$schema')!a}, expected {jsonl.SCHEMA!r}:"
                    " a later traced wrote it"
                )
            try:
                line = msgspec.convert(record, jsonl.Line)
                yield from self._told(line)
            except (msgspec.ValidationError, ValueError) as error:
                self.asked.complain(f"a line of kind {record.get('kind')!a}: {error}, left out")

    def end(self) -> Iterator[bytes]:
        """Yield what is left, and say what the file lacks."""
        yield from self._rest()
        if not self.is_whole:
            self.asked.complain("the file is cut short: it does not end as an export does")

    def _told(self, line: jsonl.Line) -> Iterator[bytes]:
        self.is_whole = False
        match line:
            case jsonl.HeadLine():
                self.read_of = dict.fromkeys(("sessions", "agents", "prompts", "steps"), 0)
            case jsonl.SessionLine():
                yield from self._rest()
                yield from self._session(line)
            case jsonl.AgentLine():
                self._count("agents")
                self.agents.setdefault(line.prompt_number, []).append(line)
            case jsonl.PromptLine():
                self._count("prompts")
                self.prompt = line
                yield from self._row("prompt", line)
                yield from self._sub_agents(line.prompt_number)
            case jsonl.StepLine():
                self._count("steps")
                yield from self._sub_agents(line.prompt_number)
                yield from self._step(line)
            case jsonl.EndLine():
                self.is_whole = asdict(line) == self.read_of

    def _count(self, what: str) -> None:
        self.read_of[what] = self.read_of.get(what, 0) + 1

    def _session(self, line: jsonl.SessionLine) -> Iterator[bytes]:
        self._count("sessions")
        used_at = parse_time(line.last_event_at)
        self.prompt = None
        if used_at is None or used_at < self.asked.oldest_ms:
            self.whose = None
            self.counts.too_old += 1
            return
        self.counts.sessions += 1
        self.whose = {
            "agent": line.agent,
            "session_id": line.session_id,
            "used_at": used_at,
            "owner_uid": line.owner_uid,
        }
        yield from self._row("session", line)

    def _rest(self) -> Iterator[bytes]:
        for number in list(self.agents):
            yield from self._sub_agents(number)

    def _sub_agents(self, number: int | None) -> Iterator[bytes]:
        for line in self.agents.pop(number, ()):
            yield from self._row("agent", line, prompt_id=self._prompt_id(number))

    def _step(self, line: jsonl.StepLine) -> Iterator[bytes]:
        if self.whose is None:
            return
        self.counts.calls += 1
        said = {"prompt_id": self._prompt_id(line.prompt_number)}
        created_at = line.created_at_epoch
        some: dict[str, bytes] = {}
        for name, content in self._content(line):
            if sum(map(len, some.values())) + len(content) > CONTENT_BYTES_MAX:
                yield from self._row("step", line, some, **said, created_at=created_at)
                some = {}
            some[name] = content
        yield from self._row("step", line, some, **said, created_at=created_at)

    def _content(self, line: jsonl.StepLine) -> Iterator[tuple[str, bytes]]:
        for name in CONTENT:
            text = getattr(line, name)
            if text is None:
                continue
            content = text.encode().replace(b"\n", b" ")  # between values: in them it is escaped
            flaw = None
            if len(content) > CONTENT_BYTES_MAX:
                flaw = f"has {len(content)} bytes, expected at most {CONTENT_BYTES_MAX}"
            else:
                try:
                    check_json(content)
                except Malformed as error:
                    flaw = f"is not JSON: {error.detail}"
            if flaw is None:
                yield name, content
            else:
                where = f"step {line.step_order} of session {line.session_id}"
                self.asked.complain(f"{where}: its {name} {flaw}, left out")

    def _prompt_id(self, number: int | None) -> str | None:
        prompt = self.prompt
        return prompt.prompt_id if prompt is not None and prompt.prompt_number == number else None

    def _row(
        self,
        kind: str,
        line: Struct,
        content: Mapping[str, bytes] = NOTHING,
        **said: object,
    ) -> Iterator[bytes]:
        if self.whose is None:
            return
        columns = {
            name: parse_time(value) if name in TIMES and isinstance(value, str) else value
            for name, value in asdict(line).items()
            if value is not None and name not in LEFT_OUT[kind]
        }
        row = {"kind": kind, **columns, **self.whose, **said}
        known = {name: value for name, value in row.items() if value is not None}
        # Each is JSON already: to write it as text would double its escapes.
        beside = b"".join(b',"%b":%b' % (name.encode(), text) for name, text in content.items())
        yield b'{"v":1,"ack":true,"row":%b%b}\n' % (json.dumps(known).encode(), beside)
