import tracemalloc

import pytest
from msgspec import Raw

from traced.core.decode import LineDecoder
from traced.core.event import Rejected
from traced.core.rejections import Rejections
from traced.core.wire import Control, Envelope, HookPayload, Item, LifeLine, NativeEvent

NATIVE = b'{"v":1,"session_id":"s1","trace_type":"tool","name":"Bash"}'
ENVELOPE = b'{"v":1,"agent":"codex","event":"Stop","payload":{"hook_event_name":"Stop"}}'
HOOK = b'{"session_id":"s1","hook_event_name":"Stop"}'
LIFE = b'{"v":1,"session_id":"s1","lifecycle":"session_end"}'
PING = b'{"v":1,"control":"ping"}'


class Unredacted:
    """A capture that knows no secrets."""

    keeps_content = True

    def raw(self, data: bytes, /) -> bytes:
        """Return the bytes as they are."""
        return data


def decode(lines: bytes) -> list[Item]:
    """Decode complete lines as a new connection would."""
    return LineDecoder(Rejections(Unredacted())).decode(lines)


def only(line: bytes) -> Item:
    """Return the one item of a line, and make sure that no earlier line changes it."""
    (item,) = decode(line)
    for before in (NATIVE, ENVELOPE, HOOK, b"rubbish"):
        assert decode(before + b"\n" + line)[1:] == [item]
    return item


def test_each_kind_is_told_by_its_keys() -> None:
    """Five kinds, in one stream, in their order."""
    items = decode(b"\n".join([NATIVE, ENVELOPE, HOOK, LIFE, PING]))
    assert [type(item) for item in items] == [NativeEvent, Envelope, HookPayload, LifeLine, Control]


def test_a_native_event_carries_its_fields() -> None:
    """Content stays raw until somebody wants it."""
    event = only(
        b'{"v":1,"session_id":"s1","trace_type":"mcp","name":"query","phase":"end","call_id":"c1",'
        b'"prompt_number":0,"source":"db","status":"error","input":{"q": 1},"error":"no",'
        b'"ended_at":"1970-01-01T00:00:02Z","duration_ms":0,"event_id":"e1","ack":true}'
    )
    assert event == NativeEvent(
        trace_type="mcp",
        name="query",
        session_id="s1",
        phase="end",
        call_id="c1",
        prompt_number=0,
        source="db",
        status="error",
        input=Raw(b'{"q": 1}'),
        error=Raw(b'"no"'),
        ended_at=2000,
        duration_ms=0,
        event_id="e1",
        ack=True,
    )


def test_an_envelope_carries_its_payload_untouched() -> None:
    """Byte by byte, as the agent wrote it."""
    item = only(b'{"payload": {"a" : 1e999} ,"event_id":"e1","sent_at":5,"agent_pid":7}')
    payload = Raw(b'{"a" : 1e999}')
    assert item == Envelope(payload, event_id="e1", sent_at=5, agent_pid=7)


def test_a_bare_hook_payload_is_the_whole_line() -> None:
    """Its adapter reads it."""
    assert only(HOOK) == HookPayload(HOOK)


def test_a_life_line_carries_its_fields() -> None:
    """The prompt is content, the rest is not."""
    line = b'{"session_id":"s1","lifecycle":"prompt","prompt":"Hi","agent":"mine","ack":true}'
    assert only(line) == LifeLine("s1", "prompt", agent="mine", prompt="Hi", ack=True)


def test_any_control_word_is_handed_on() -> None:
    """An unknown one is answered too: with an error."""
    assert only(PING) == Control("ping")
    assert only(b'{"control":"dance"}') == Control("dance")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"trace_type":"tool","name":"n","session_id":"s","payload":{}}', NativeEvent),
        (b'{"payload":{},"lifecycle":"prompt","session_id":"s","control":"ping"}', Envelope),
        (b'{"lifecycle":"prompt","session_id":"s","control":"ping"}', LifeLine),
        (b'{"control":"ping","hook_event_name":"Stop"}', Control),
        (b'{"hook_event_name":"Stop","name":"n","session_id":"s"}', HookPayload),
        (b'{"payload":{},"hook_event_name":"Stop"}', Envelope),
    ],
)
def test_where_keys_of_two_kinds_meet_the_order_decides(line: bytes, kind: type[Item]) -> None:
    """trace_type, payload, lifecycle, control, hook_event_name; whatever came before."""
    assert type(only(line)) is kind
    for before in (NATIVE, ENVELOPE, HOOK, LIFE, PING):
        assert type(decode(before + b"\n" + line)[1]) is kind


@pytest.mark.parametrize("blank", [b"", b"\n", b"\r\n", b" \t\r\n\n", b"\xef\xbb\xbf\n"])
def test_blank_lines_hold_nothing(blank: bytes) -> None:
    """They cost nothing either."""
    assert decode(blank) == []
    assert decode(blank + b"\n" + PING + b"\n" + blank) == [Control("ping")]


@pytest.mark.parametrize("line", [NATIVE, HOOK, LIFE, PING])
def test_crlf_and_a_byte_order_mark_are_tolerated(line: bytes) -> None:
    """Windows' editors write both."""
    assert decode(line + b"\r\n") == decode(line)
    assert decode(b"\xef\xbb\xbf" + line + b"\r\n") == decode(line)
    assert decode(b"  " + line + b"\t") == decode(line)


def test_a_bad_line_costs_itself_alone() -> None:
    """Whatever it is, its neighbours are taken."""
    bad = [b"{", b"\xff", b"[]", b"{}", b'{"v":2}', b'{"trace_type":"tool"}', b'{"payload":1}']
    lines = [line for one in bad for line in (NATIVE, one, ENVELOPE, one, one, HOOK)]
    kinds = [type(item) for item in decode(b"\n".join(lines))]
    assert kinds == [NativeEvent, Rejected, Envelope, Rejected, Rejected, HookPayload] * len(bad)


def test_a_line_holds_one_object() -> None:
    """Not two, and not half of one: msgspec's own `decode_lines` would take both."""
    two = NATIVE + NATIVE
    half = NATIVE[:20], NATIVE[20:]
    for lines in ([two, *half], [NATIVE, two], [NATIVE, *half], [*half, two]):
        items = decode(b"\n".join(lines))
        assert [type(item) for item in items] == [
            NativeEvent if line == NATIVE else Rejected for line in lines
        ]


def test_half_characters_are_replaced() -> None:
    """Real agents cut texts inside a character, and JSON can say so."""
    (item,) = decode(NATIVE.replace(b"Bash", rb"B\ud800\\ud800"))
    assert isinstance(item, NativeEvent)
    assert item.name == "B\ufffd\\ud800"
    (item,) = decode(rb'{"payload":{"a":"\udc00\ud83d\ude00"}}')
    assert isinstance(item, Envelope)
    assert bytes(item.payload) == rb'{"a":"\ufffd\ud83d\ude00"}'
    assert decode(rb'{"hook_event_name":"\ud800"}') == [
        HookPayload(rb'{"hook_event_name":"\ufffd"}')
    ]


def test_u0000_in_texts_is_replaced() -> None:
    """SQLite would cut them there."""
    (item,) = decode(NATIVE.replace(b'"Bash"', rb'"B\u0000","input":"\u0000","cwd":"\\u0000"'))
    assert isinstance(item, NativeEvent)
    assert (item.name, bytes(item.input), item.cwd) == ("B\ufffd", rb'"\ufffd"', r"\u0000")
    item = only(rb'{"session_id":"s","lifecycle":"prompt","prompt":"a\u0000b"}')
    assert item == LifeLine("s", "prompt", prompt="a\ufffdb")


def test_u0000_in_a_session_id_is_refused_all_the_same() -> None:
    """It is looked at before anything is replaced, half characters or not."""
    for line in (rb'"s\u0000"', rb'"s\u0000","cwd":"\ud800"'):
        (item,) = decode(NATIVE.replace(b'"s1"', line))
        assert isinstance(item, Rejected)
        assert (item.reason, item.detail[:13]) == ("bad_field", "session_id is")


def test_numbers_of_any_size_may_be_in_content() -> None:
    """They are the agent's, not ours."""
    numbers = b"[1e999,-1e999," + b"9" * 5000 + b"]"
    items = decode(NATIVE[:-1] + b',"input":' + numbers + b',"x":' + numbers + b"}")
    assert isinstance(items[0], NativeEvent)
    assert bytes(items[0].input) == numbers


def test_a_rejection_keeps_the_line() -> None:
    """And its length."""
    (item,) = decode(b'{"x":1}\r\n')
    assert isinstance(item, Rejected)
    assert (item.raw, item.length) == (b'{"x":1}', 7)


def test_keys_may_be_escaped() -> None:
    """JSON allows it, so the kind is told all the same."""
    assert type(only(rb'{"p\u0061yload":{}}')) is Envelope
    assert type(only(rb'{"payload":{},"tr\u0061ce_type":"tool"}')) is Rejected


MANY = b"[" + b"[]," * 200_000 + b"[]]"  # as objects, 20 times as much


@pytest.mark.parametrize(
    "line",
    [
        MANY,
        MANY[:-1],
        b'{"x":' + MANY + b"}",
        b'{"control":"ping","v":3,"x":' + MANY + b"}",
        b'{"payload":{"x":' + MANY + b'},"sent_at":' + MANY + b"}",
        NATIVE.replace(b'"s1"', MANY),
        NATIVE[:-1] + b',"input":' + MANY + b"}",
        HOOK[:-1] + b',"x":' + MANY + b"}",
    ],
    ids=["array", "cut", "unknown", "control", "envelope", "session", "native", "payload"],
)
def test_no_objects_are_made_of_content(line: bytes) -> None:
    """Neither of a line that is taken nor of one that is refused: memory goes by its bytes."""
    decode(NATIVE)
    tracemalloc.start()
    decode(line)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 6 * len(line)
