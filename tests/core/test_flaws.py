import pytest

from traced.core.decode import LineDecoder
from traced.core.event import Rejected
from traced.core.rejections import Rejections
from traced.core.wire import Control, Item

NATIVE = b'{"v":1,"session_id":"s1","trace_type":"tool","name":"Bash"}'
BEFORE = [NATIVE, b'{"payload":{}}', b'{"hook_event_name":"Stop"}']

KEYS = "expected one of trace_type, payload, lifecycle, row, control, hook_event_name"
SESSION = "expected a string of 1 to 256 characters without control characters"
WHOLE = "without U+0000, U+FFFD or lone surrogates"
CALL_ID = f"a string of 1 to 4096 characters {WHOLE}, beside every phase"
TIME = "expected an RFC 3339 time with its offset, or Unix milliseconds, from 1970 to 9999"


class Unredacted:
    """A capture that knows no secrets."""

    def __init__(self, *, keeps_content: bool) -> None:
        self.keeps_content = keeps_content

    def raw(self, data: bytes, /) -> bytes:
        """Return the bytes as they are."""
        return data


def decode(lines: bytes, *, content: bool = True) -> list[Item]:
    """Decode complete lines as a new connection would."""
    return LineDecoder(Rejections(Unredacted(keeps_content=content))).decode(lines)


def refusal(line: bytes, *, content: bool = True) -> tuple[str, str]:
    """Return the reason and the detail for which a line is rejected."""
    (item,) = decode(line, content=content)
    assert isinstance(item, Rejected)
    return item.reason, item.detail


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (b'{"v":1,"session_id"', "not_json", "ends at byte 19, before its JSON does"),
        (b"hello", "not_json", "no JSON at byte 0 of 5"),
        (NATIVE + b" x", "not_json", "no JSON at byte 60 of 61"),
        (b'{"a":NaN}', "not_json", "NaN is not a JSON number"),
        (b"{\"a\":'b'}", "not_json", "no JSON at byte 5 of 9"),
        (
            b'{"payload":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "not_json",
            "200012 bytes of JSON nested too deep to be read",
        ),
        (
            NATIVE[:-1] + b',"input":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
            "not_json",
            "300069 bytes of JSON nested too deep to be read",
        ),
        (b'{"control":"\xff"}', "not_utf8", "byte 12 is 0xFF, expected UTF-8"),
        (b'{"payload":{"a":"\xed\xa0\x80"}}', "not_utf8", "byte 17 is 0xED, expected UTF-8"),
        (NATIVE[:-1] + b',"\xff":1}', "not_utf8", "byte 60 is 0xFF, expected UTF-8"),
        (b"[]", "not_object", "line is an array, expected an object"),
        (b'["\\ud800"]', "not_object", "line is an array, expected an object"),
        (b'"ping"', "not_object", "line is a string, expected an object"),
        (b"17", "not_object", "line is an integer, expected an object"),
        (b"1e999", "not_object", "line is a number, expected an object"),
        (b"null", "not_object", "line is null, expected an object"),
        (b"{}", "unknown_kind", f"no keys, {KEYS}"),
        (b'{"":1}', "unknown_kind", f"keys are '', {KEYS}"),
        (b'{"v":1,"a\\n":2}', "unknown_kind", f"keys are v, a\\n, {KEYS}"),
        (
            b'{"v":1,"agent":"codex","event":"Stop"}',
            "unknown_kind",
            f"keys are v, agent, event, {KEYS}",
        ),
        (b'{"v":2}', "version", "v is 2, expected 1"),
        (b'{"v":2,"lines":"of tomorrow"}', "version", "v is 2, expected 1"),
        (b'{"v":3,"payload":"x"}', "version", "v is 3, expected 1"),
        (NATIVE.replace(b'"v":1', b'"v":2'), "version", "v is 2, expected 1"),
        (b'{"v":' + b"9" * 400 + b"}", "version", "v is over 999999999, expected 1"),
        (NATIVE.replace(b'"v":1', b'"v":0'), "bad_field", "v is 0, expected 1"),
        (NATIVE.replace(b'"v":1', b'"v":true'), "bad_field", "v is true, expected 1"),
        (
            b'{"v":1,"session_id":"s1","name":"Bash"}',
            "bad_field",
            "trace_type is missing, expected tool, skill, mcp, agent, hook or command",
        ),
        (
            NATIVE.replace(b'"tool"', b'"Tool"'),
            "bad_field",
            'trace_type is "Tool", expected tool, skill, mcp, agent, hook or command',
        ),
        (
            b'{"trace_type":"tool","session_id":"s1"}',
            "bad_field",
            "name is missing, expected a string of 1 to 256 characters",
        ),
        (
            NATIVE.replace(b'"Bash"', b'"' + b"x" * 257 + b'"'),
            "bad_field",
            f'name is "{"x" * 80}…", expected a string of 1 to 256 characters',
        ),
        (
            b'{"trace_type":"tool","name":"Bash"}',
            "bad_field",
            f"session_id is missing, {SESSION}",
        ),
        (
            NATIVE.replace(b'"s1"', b'"s\\u0007"'),
            "bad_field",
            f'session_id is "s\\u0007", {SESSION}',
        ),
        (
            NATIVE.replace(b'"s1"', b"null"),
            "bad_field",
            f"session_id is null, {SESSION}",
        ),
        (
            NATIVE[:-1] + b',"phase":"start"}',
            "bad_field",
            f"call_id is missing, expected {CALL_ID}",
        ),
        (
            NATIVE[:-1] + b',"event_id":"a\\ud800"}',
            "bad_field",
            f'event_id is "a\ufffd", expected a string of 1 to 128 characters {WHOLE}',
        ),
        (
            NATIVE[:-1] + b',"step_order":1e999}',
            "bad_field",
            "step_order is Infinity, expected an integer from 0 to 999999999",
        ),
        (
            NATIVE[:-1] + b',"prompt_number":18446744073709551616}',
            "bad_field",
            "prompt_number is 18446744073709551616, expected an integer from 0 to 999999999",
        ),
        (
            NATIVE[:-1] + b',"duration_ms":-0.5}',
            "bad_field",
            "duration_ms is -0.5, expected a number of milliseconds from 0 to 253402300799999",
        ),
        (
            NATIVE[:-1] + b',"started_at":"yesterday"}',
            "bad_field",
            f'started_at is "yesterday", {TIME}',
        ),
        (
            NATIVE[:-1] + b',"ended_at":[2026]}',
            "bad_field",
            f"ended_at is an array, {TIME}",
        ),
        (
            b'{"trace_type":"no","trace_type":"tool","name":"n","session_id":"s"}',
            "bad_field",
            "a key is there twice, first with a wrong value",
        ),
        (
            b'{"payload":"{}"}',
            "bad_field",
            'payload is "{}", expected a JSON object',
        ),
        (
            b'{"payload":{},"sent_at":"now"}',
            "bad_field",
            'sent_at is "now", expected Unix milliseconds from 0 to 253402300799999',
        ),
        (
            b'{"session_id":"s","lifecycle":"birth"}',
            "bad_field",
            (
                'lifecycle is "birth",'
                " expected session_start, prompt, prompt_end, session_end or usage"
            ),
        ),
        (b'{"control":5}', "bad_field", "control is 5, expected ping, flush, status or prune"),
    ],
)
def test_a_rejection_says_what_was_read_and_what_was_expected(
    line: bytes, reason: str, detail: str
) -> None:
    """Whatever came before on the connection."""
    assert refusal(line) == (reason, detail)
    for before in BEFORE:
        item = decode(before + b"\n" + line)[1]
        assert isinstance(item, Rejected)
        assert (item.reason, item.detail) == (reason, detail)


def test_without_content_a_rejection_holds_no_value() -> None:
    """In capture mode ``metadata`` types and lengths tell enough."""
    line = NATIVE.replace(b'"tool"', b'"secret"')
    assert refusal(line, content=False) == (
        "bad_field",
        "trace_type is a string, expected tool, skill, mcp, agent, hook or command",
    )
    assert refusal(b'{"secret":1}', content=False) == (
        "unknown_kind",
        f"keys are 6 characters, {KEYS}",
    )


def test_a_wrong_control_line_is_answered_with_what_is_wrong() -> None:
    """Its sender waits for an answer."""
    assert decode(b'{"v":2,"control":"ping"}') == [Control("ping", "v is 2, expected 1")]
    assert decode(b'{"v":"1","control":"ping"}') == [Control("ping", 'v is "1", expected 1')]


def test_what_parses_is_acked_and_named_in_its_rejection() -> None:
    """So that its sender knows which event it was."""
    (item,) = decode(
        b'{"trace_type":"x","name":"n","session_id":"s1","agent":"a","event_id":"e1","ack":true}'
    )
    assert isinstance(item, Rejected)
    assert (item.session_id, item.agent, item.event_id, item.ack) == ("s1", "a", "e1", True)
    (item,) = decode(b'{"ack":true,"agent_pid":-1,"payload":{"session_id":"s2"}}')
    assert isinstance(item, Rejected)
    assert (item.session_id, item.ack) == ("s2", True)
