"""Lines that no honest sender wrote: cut, spliced, retyped, with keys twice and odd letters."""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from support.fake_secrets import FAKES, TOKENS, Fake

ODD_TEXTS = (
    *("", " ", "\x00", "a\x00b", "\u202eabc\u202c", "e\u0301" * 300, "\ufeff", "\u2028", "\x7f"),
    *("\U0001f469\u200d\U0001f4bb" * 90, "İ" * 40, "x" * 257, "x" * 4097, "mcp__", "mcp__a__b"),
    *("mcp____x", "Skill", "Agent", "TodoWrite", "apply_patch", "2026-02-30T00:00:00Z"),
    *("9999-12-31T23:59:60Z", "0001-01-01T00:00:00Z", "2026-11-22T10:11:12", "24:00", "$TOKEN"),
    *(
        "<task-notification>",
        "<tool_use_error>no</tool_use_error>",
        "rollout-1.jsonl",
        "İpassword=",
    ),
    *("PreToolUse", "PostToolUse", "PostToolBatch", "UserPromptSubmit", "Stop", "SessionEnd"),
    *("SessionStart", "SubagentStart", "SubagentStop", "PermissionRequest", "BeforeTool", "nope"),
)
RAW_VALUES = (
    *("null", "true", "false", "0", "-1", "-0", "1", "2", "0.5", "-0.0", "1e3", "1e400", "-1e400"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e-400", "4.9e-324"),
    *("18446744073709551615", "18446744073709551616", "253402300800000", "1795356000000", "1E19"),
    *(
        "9" * 400,
        "9" * 5000,
        "0." + "1" * 400,
        "[]",
        "{}",
        '[""]',
        '{"":null}',
        "[[],{}]",
        "[null]",
    ),
    *(
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\ud83d\\ude00"',
        '"a\\u0000b"',
        '"\\\\ud800"',
        '"\\\\\\ud9ff"',
    ),
    *('{"\\ud800":"\\udfff"}', '{"\\u0000":1}', '{"a":1,"a":2}', "[" * 40 + "]" * 40, "{}" * 2),
    *("NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "tru", "'a'", '"\\x"', '"\t"', ""),
)
KEYS = (
    *(
        "v",
        "ack",
        "trace_type",
        "payload",
        "lifecycle",
        "row",
        "control",
        "hook_event_name",
        "name",
    ),
    *(
        "session_id",
        "sdk_session_id",
        "event_id",
        "agent",
        "event",
        "sent_at",
        "agent_pid",
        "phase",
    ),
    *("call_id", "prompt_number", "step_order", "status", "started_at", "ended_at", "duration_ms"),
    *("agent_id", "agent_type", "prompt_id", "tool_use_id", "tool_name", "tool_input", "prompt"),
    *(
        "tool_response",
        "tool_calls",
        "timestamp",
        "cwd",
        "model",
        "is_interrupt",
        "error",
        "source",
    ),
    *("transcript_path", "turn_id", "sessionId", "cursor_version", "permission_mode", "password"),
)
CONTENT = frozenset(
    {"tool_input", "tool_response", "prompt", "error", "input", "output", "command_args"}
)
ODD_BYTES = (
    b"\x00",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\\",
    b'"',
    b"{",
    b"}",
    b",",
    b"\r",
    b"\\u",
)
BOM = b"\xef\xbb\xbf"
Node = dict[str, Any] | list[Any]


class Mutator:
    """Makes line after line of honest ones; one seed always makes the same."""

    def __init__(self, seed: str, honest: Sequence[bytes]) -> None:
        self._seed = seed
        self._honest = honest
        self._chance = random.Random(seed)

    def line(self, number: int) -> bytes:
        """Return the line of this number, without a newline; it may be blank."""
        self._chance = chance = random.Random(f"{self._seed}:{number}")
        line = chance.choice(self._honest)
        on_bytes = chance.random() < 0.3
        if chance.random() < 0.75:
            line = self._rebuilt(line, secret=not on_bytes and chance.random() < 0.2)
        if on_bytes:
            for _ in range(chance.randint(1, 3)):
                line = chance.choice(_ON_BYTES)(self, line)
            if chance.random() < 0.2:  # not in the middle: ids stand as they are
                secret = self._secret(TOKENS)
                line = chance.choice((b"%b %b" % (line, secret), b"%b %b" % (secret, line)))
        return line.replace(b"\n", b" ")

    def chunks(self, data: bytes) -> list[bytes]:
        """Cut bytes anywhere, into few or many pieces."""
        count = self._chance.choice((0, 1, 3, 20))
        cuts = sorted(self._chance.randint(0, len(data)) for _ in range(count))
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def _rebuilt(self, line: bytes, *, secret: bool) -> bytes:
        """Change values and keys of an object; what becomes of it need be no JSON."""
        root = json.loads(line)
        raw: dict[str, str] = {}  # what stands in place of a text, as it is
        if "event_id" in root and self._chance.random() < 0.7:
            root["event_id"] = f"e{self._chance.getrandbits(40)}"
        for _ in range(self._chance.randint(1, 3)):
            self._chance.choice(_ON_OBJECTS)(self, root, raw)
        if secret:
            self._plant(root, raw)
        text = json.dumps(root, ensure_ascii=self._chance.random() < 0.5)
        for marker, instead in reversed(raw.items()):  # a later one may hold an earlier one
            text = text.replace(f'"{marker}"', instead)
        return text.encode("utf-8", "replace")

    def _somewhere(self, root: dict[str, Any]) -> tuple[Node, Any]:
        """Return a container and a key or an index in it, deep ones less often."""
        node: Node = root
        while True:
            places: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
            place = self._chance.choice(places)
            inner = node[place]
            if not isinstance(inner, dict | list) or not inner or self._chance.random() < 0.4:
                return node, place
            node = inner

    def _retype(self, root: dict[str, Any], raw: dict[str, str]) -> None:
        node, place = self._somewhere(root)
        node[place] = self._marked(raw, self._odd_value())

    def _odd_value(self) -> str:
        kind = self._chance.random()
        if kind < 0.03:
            depth = self._chance.choice((5, 60, 990, 1030, 3000))
            opening, closing = self._chance.choice((("[", "]"), ('{"a":', "}"), ('[{"b":', "}]")))
            return opening * depth + self._chance.choice(("0", "")) + closing * depth
        if kind < 0.04:
            return json.dumps(self._chance.choice("x\\é\x00 ") * self._chance.choice((999, 70_000)))
        if kind < 0.5:
            return json.dumps(self._chance.choice(ODD_TEXTS))
        return self._chance.choice(RAW_VALUES)

    def _remove(self, root: dict[str, Any], _raw: dict[str, str]) -> None:
        node, place = self._somewhere(root)
        if len(root) > 1:
            del node[place]

    def _add(self, root: dict[str, Any], raw: dict[str, str]) -> None:
        node, _ = self._somewhere(root)
        node = node if isinstance(node, dict) else root
        node[self._chance.choice(KEYS)] = self._marked(raw, self._odd_value())

    def _twice(self, root: dict[str, Any], raw: dict[str, str]) -> None:
        node, place = self._somewhere(root)
        if isinstance(node, dict):
            again = f"{self._odd_value()}, {json.dumps(place)}: {json.dumps(node[place])}"
            node[place] = self._marked(raw, again)

    def _swap(self, root: dict[str, Any], _raw: dict[str, str]) -> None:
        one, first = self._somewhere(root)
        if isinstance(one, dict):
            second = self._chance.choice(list(one))
            one[first], one[second] = one[second], one[first]

    def _plant(self, root: dict[str, Any], raw: dict[str, str]) -> None:
        """Put a secret where content stands, after all other changes: none may hide its name."""
        inner = root.get("payload")
        node = inner if isinstance(inner, dict) else root
        keys = sorted(CONTENT & node.keys())
        if keys:
            secret = self._marked(raw, f'"{self._secret(FAKES).decode()}"')
            place = self._chance.choice(("output", "stdout", "command", "other"))
            shape = self._chance.choice((secret, {place: secret}, [secret], [{"text": secret}]))
            node[self._chance.choice(keys)] = shape

    def _secret(self, fakes: Sequence[Fake]) -> bytes:
        return json.dumps(self._chance.choice(fakes).text)[1:-1].encode()

    @staticmethod
    def _marked(raw: dict[str, str], instead: str) -> str:
        marker = f"@@{len(raw)}@@"
        raw[marker] = instead
        return marker

    def _flip(self, line: bytes) -> bytes:
        data = bytearray(line)
        for _ in range(self._chance.randint(1, 4) if data else 0):
            data[self._chance.randrange(len(data))] ^= 1 << self._chance.randrange(8)
        return bytes(data)

    def _cut(self, line: bytes) -> bytes:
        at = self._chance.randint(0, len(line))
        return self._chance.choice((line[:at], line[at:]))

    def _splice(self, line: bytes) -> bytes:
        other = self._chance.choice(self._honest)
        return (
            line[: self._chance.randint(0, len(line))]
            + other[self._chance.randint(0, len(other)) :]
        )

    def _insert(self, line: bytes) -> bytes:
        at = self._chance.randint(0, len(line))
        return line[:at] + self._chance.choice(ODD_BYTES) + line[at:]

    def _repeat(self, line: bytes) -> bytes:
        start, end = sorted(self._chance.randint(0, len(line)) for _ in range(2))
        return line[:end] + line[start:]

    def _frame(self, line: bytes) -> bytes:
        return self._chance.choice(
            (BOM + line, line + b"\r", b" \t" + line, line * 2, b"", b" \t\r", BOM)
        )


_ON_OBJECTS: tuple[Callable[[Mutator, dict[str, Any], dict[str, str]], None], ...] = (
    *(Mutator._retype,) * 4,
    *(Mutator._add,) * 2,
    *(Mutator._remove, Mutator._twice, Mutator._swap),
)
_ON_BYTES: tuple[Callable[[Mutator, bytes], bytes], ...] = (
    *(Mutator._flip, Mutator._cut, Mutator._splice, Mutator._insert, Mutator._repeat),
    Mutator._frame,
)
