import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from traced.core.checks import EXPECTED
from traced.core.event import Rejected
from traced.core.protocol import Protocol
from traced.core.wire import Control, Envelope, HookPayload, Item, NativeEvent, TooLong

NATIVE = b'{"v":1,"session_id":"s1","trace_type":"tool","name":"Bash"}\n'
ENVELOPE = b'{"v":1,"agent":"codex","payload":{"hook_event_name":"Stop"}}\n'
PING = b'{"v":1,"control":"ping"}\n'


class Capture:
    """Knows one secret."""

    keeps_content = True

    def raw(self, data: bytes, /) -> bytes:
        """Return the bytes without it."""
        return data.replace(b"hunter2", b"[gone]")


def protocol(line_bytes_max: int = 1 << 20) -> Protocol:
    """Return the receiving side of a new connection."""
    return Protocol(Capture(), line_bytes_max=line_bytes_max)


def items_of(chunks: list[bytes], line_bytes_max: int = 1 << 20) -> list[Item]:
    """Return all items of a connection that sent these chunks and closed."""
    receiver = protocol(line_bytes_max)
    items = [item for chunk in chunks for item in receiver.receive_data(chunk)]
    items += receiver.receive_eof()
    assert receiver.partial_bytes == 0
    return items


def test_items_come_when_their_line_is_complete() -> None:
    """And not before."""
    receiver = protocol()
    assert receiver.receive_data(PING + PING[:5]) == [Control("ping")]
    assert receiver.partial_bytes == 5
    assert receiver.receive_data(PING[5:]) == [Control("ping")]
    assert receiver.partial_bytes == 0


def test_items_weigh_their_lines_and_themselves() -> None:
    """Over however many calls a line came; a long line weighs only what is left of it."""
    receiver = protocol(line_bytes_max=100_000)
    receiver.receive_data(PING + PING + ENVELOPE[:5])
    assert receiver.lines_bytes == 2 * (len(PING) + 1024)
    receiver.receive_data(ENVELOPE[5:20])
    assert receiver.lines_bytes == 0
    receiver.receive_data(ENVELOPE[20:] + NATIVE[:-1])
    assert receiver.lines_bytes == len(ENVELOPE) + 1024
    receiver.receive_eof()
    assert receiver.lines_bytes == len(NATIVE) - 1 + 1024
    receiver.receive_data(b"x" * 1_000_000 + b"\n")
    assert 512 < receiver.lines_bytes < 60_000
    receiver.receive_data(PING[:-1])
    receiver.give_up()
    assert receiver.lines_bytes == len(PING) - 1 + 1024
    receiver.give_up()
    assert receiver.lines_bytes == 0


def test_a_last_line_counts_without_its_newline() -> None:
    """The sender has closed its side: no more of it will come."""
    receiver = protocol()
    assert receiver.receive_data(PING[:-1]) == []
    assert receiver.receive_eof() == [Control("ping")]
    assert receiver.receive_eof() == []


def test_a_last_line_that_is_half_a_line_is_no_json() -> None:
    """Nobody can tell that its sender died in the middle."""
    receiver = protocol()
    receiver.receive_data(NATIVE[:30])
    (rejected,) = receiver.receive_eof()
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.detail) == (
        "not_json",
        "ends at byte 30, before its JSON does",
    )


def test_an_unfinished_line_can_be_given_up() -> None:
    """Its sender took too long; what came of it is kept."""
    receiver = protocol()
    line = b'{"v":1,"ack":true,"session_id":"s1","password":"hunter2","event_id":"e1'
    receiver.receive_data(NATIVE + line)
    (rejected,) = receiver.give_up()
    assert rejected == Rejected(
        reason="incomplete",
        detail="line without a newline after 71 bytes, expected one in time",
        raw=line.replace(b"hunter2", b"[gone]"),
        length=71,
        session_id="s1",
        ack=True,
    )
    assert receiver.partial_bytes == 0
    assert receiver.give_up() == []


def test_an_unfinished_line_that_was_too_long_is_given_up_as_that() -> None:
    """Nothing is saved of it: its end is not the line's end."""
    receiver = protocol(line_bytes_max=100)
    receiver.receive_data(end_of_call(1000))
    (item,) = receiver.give_up()
    assert isinstance(item, TooLong)
    assert (item.rejected.reason, item.salvaged) == ("too_long", None)


def end_of_call(size: int) -> bytes:
    """Return a PostToolUse with content of about this size, as Claude Code writes it."""
    return (
        b'{"session_id":"s1","hook_event_name":"PostToolUse","tool_name":"Write",'
        b'"tool_input":{"content":"%b"},"tool_use_id":"toolu_01","duration_ms":12}' % (b"x" * size)
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_line_too_long_is_rejected_and_its_call_ended(end: bytes) -> None:
    """Its neighbours are taken, and nothing but its two ends is held."""
    line = end_of_call(200_000)
    after = PING if end else b""
    chunks = [NATIVE + line[:150_000], line[150_000:] + end + after]
    first, too_long, *rest = items_of(chunks, line_bytes_max=100_000)
    assert isinstance(first, NativeEvent)
    assert rest == ([Control("ping")] if end else [])
    assert isinstance(too_long, TooLong)
    rejected, salvaged = too_long.rejected, too_long.salvaged
    length = 200_142 if end == b"\r\n" else 200_141
    assert rejected.detail == f"line is {length} bytes long, expected at most 100000"
    assert (rejected.reason, rejected.length, rejected.session_id) == ("too_long", length, "s1")
    assert rejected.raw is not None
    assert rejected.raw.startswith(b'{"session_id":"s1","hook_event_name":"PostToolUse",')
    assert rejected.raw.rstrip().endswith(b'xxx"},"tool_use_id":"toolu_01","duration_ms":12}')
    assert len(rejected.raw) == 4096 + len(" … ".encode()) + 1024
    assert salvaged is not None
    assert (salvaged.call_id, salvaged.duration_ms) == ("toolu_01", 12)


def test_a_line_within_the_bound_is_taken_whole() -> None:
    """As long as 8 MiB, in pieces as a socket gives them."""
    receiver = Protocol(Capture())
    line = end_of_call(8 * 1024 * 1024 - 141)
    assert len(line) == 8 * 1024 * 1024
    for place in range(0, len(line), 65_536):
        assert receiver.receive_data(line[place : place + 65_536]) == []
    assert receiver.receive_data(b"\n") == [HookPayload(line)]
    (item,) = receiver.receive_data(line + b" \n")
    assert isinstance(item, TooLong)
    assert item.rejected.detail == "line is 8388609 bytes long, expected at most 8388608"


CLAUDE = Path(__file__).parents[1] / "fixtures" / "claude-code"


def test_what_real_agents_write_is_taken_as_it_is() -> None:
    """Every payload that Claude Code wrote; only its half characters are replaced."""
    paths = [path for path in CLAUDE.glob("2.*/*.jsonl") if ".meta." not in path.name]
    assert len(paths) >= 17
    for path in paths:
        data = path.read_bytes()
        lines = data.replace(rb"\ud800", rb"\ufffd").strip(b"\n").split(b"\n")
        assert items_of([data]) == [HookPayload(line) for line in lines]


def test_the_end_of_a_real_call_is_saved() -> None:
    """A file of 0.2 MB was written: the payload holds it twice."""
    data = (CLAUDE / "2.1.330" / "big.jsonl").read_bytes()
    items = items_of([data], line_bytes_max=64 * 1024)
    long = [item for item in items if isinstance(item, TooLong)]
    assert [item.rejected.length for item in long] == [204_470, 408_636, 204_632]
    (saved,) = (item.salvaged for item in long if item.salvaged)
    assert (saved.tool_name, saved.call_id, saved.duration_ms) == (
        "Write",
        "toolu_3da42146c0cb458d80b6d80b",
        10,
    )


def test_what_is_rejected_is_redacted() -> None:
    """In the raw text and in the detail."""
    (rejected,) = items_of([b'{"trace_type":"hunter2","name":"n","session_id":"s1"}'])
    assert isinstance(rejected, Rejected)
    assert rejected.raw == b'{"trace_type":"[gone]","name":"n","session_id":"s1"}'
    assert rejected.detail.startswith('trace_type is "[gone]", expected tool, ')
    (too_long,) = items_of([b"hunter2 " + b"x" * 200 + b" hunter2"], line_bytes_max=100)
    assert isinstance(too_long, TooLong)
    assert too_long.rejected.raw is not None
    assert b"hunter2" not in too_long.rejected.raw


LINES = [
    NATIVE.strip(),
    ENVELOPE.strip(),
    PING.strip(),
    b'{"session_id":"s1","hook_event_name":"Stop"}',
    b'{"session_id":"s1","lifecycle":"prompt","prompt":"\xc3\xa9\xf0\x9f\x98\x80"}',
    b'{"session_id":"s1","trace_type":"tool","name":"\\ud800\\u0000","started_at":"1970-01-01T00:00:01Z"}',
    b'{"v":2,"payload":{}}',
    b'{"payload":{"a":"\xed\xa0\x80"}}',
    b'{"trace_type":"tool","ack":true}',
    b'{"v":1,"ack":true,',
    b'"tool","name":"n","session_id":"s"}',
    b"[1]",
    b" \t",
    b"",
    end_of_call(300),
    b'{"v":1,"agent":"a","payload":' + end_of_call(300) + b"}",
]


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Return a stream of lines, good and bad, whole and cut into chunks."""
    lines = draw(st.lists(st.sampled_from(LINES) | st.binary(max_size=20), max_size=12))
    ends = [draw(st.sampled_from([b"\n", b"\r\n", b"", b"\n\n"])) for _ in lines]
    stream = b"".join(line + end for line, end in zip(lines, ends, strict=True))
    cuts = sorted(draw(st.lists(st.integers(min_value=0, max_value=len(stream)), max_size=8)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    return stream, chunks


@given(cut_streams(), st.sampled_from([60, 300, 100_000]))
def test_any_split_of_the_same_bytes_gives_the_same_items(
    stream: tuple[bytes, list[bytes]], line_bytes_max: int
) -> None:
    """In any chunks, and byte by byte."""
    whole, chunks = stream
    expected = items_of([whole], line_bytes_max)
    assert items_of(chunks, line_bytes_max) == expected
    assert items_of([bytes([byte]) for byte in whole], line_bytes_max) == expected


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_each_line_gives_what_it_gives_alone(lines: list[bytes]) -> None:
    """Neighbours and history change nothing."""
    alone = [item for line in lines for item in items_of([line])]
    assert items_of([b"\n".join(lines)]) == alone


REASONS = {"not_json", "not_utf8", "not_object", "unknown_kind", "bad_field", "too_long", "version"}


@given(st.binary() | st.text(alphabet='{}[]",:\\u0d8 \n\r1e9vtrace_typeayloadc\0é', max_size=80))
@example(b'{"payload":' + b"[" * 100_000)
@example(b"\xef\xbb\xbf\n\xef\xbb\xbf")
def test_any_garbage_gives_items_or_rejections(garbage: bytes | str) -> None:
    """And never an error; a good line behind it is taken."""
    data = garbage.encode() if isinstance(garbage, str) else garbage
    for bound in (20, 1 << 20):
        *items, last = items_of([data + b"\n" + PING], max(bound, len(PING)))
        assert last == Control("ping")
        for item in items:
            rejected = item.rejected if isinstance(item, TooLong) else item
            assert not isinstance(rejected, Rejected) or rejected.reason in REASONS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
FIELDS = st.sampled_from(sorted({*EXPECTED, "input", "hook_event_name"}))
WORDS = st.sampled_from([1, 2, True, "tool", "start", "s1", "ok", "prompt", {}, 5, "2026-01-01"])


@given(st.lists(st.dictionaries(FIELDS, WORDS | json_values), max_size=4))
def test_any_object_gives_one_item(records: list[dict[str, object]]) -> None:
    """Whatever its fields are: NaN makes it no JSON, the rest is taken or rejected."""
    lines = [json.dumps(record).encode() for record in records]
    items = items_of([b"\n".join(lines)])
    assert len(items) == len(records)
    for item, record in zip(items, records, strict=True):
        if isinstance(item, Rejected):
            assert item.reason in REASONS
        elif isinstance(item, NativeEvent):
            assert item.session_id in (record.get("session_id"), record.get("sdk_session_id"))
            assert isinstance(item.started_at, int | None)
        elif isinstance(item, Envelope):
            assert "payload" in record
