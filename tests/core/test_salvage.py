import json

import pytest

from traced.core.long_line import LongLine
from traced.core.salvage import salvage
from traced.core.wire import Salvaged

# As Claude Code 2.1.330 writes it: who and what first, then the content, then the call.
HEAD = (
    b'{"session_id":"s1","transcript_path":"/home/dev/t.jsonl","cwd":"/home/dev/project",'
    b'"prompt_id":"p1","permission_mode":"default","agent_id":"a1","agent_type":"Explore",'
    b'"effort":{"level":"high"},"hook_event_name":"PostToolUse","tool_name":"Write",'
)
CONTENT = (
    b'"tool_input":{"file_path":"/home/dev/project/a.txt","content":"%b"},'
    b'"tool_response":{"type":"create","content":"%b"},'
)
TAIL = b'"tool_use_id":"toolu_01","duration_ms":12}'
BIG = b"x" * 100_000

ENVELOPE = (
    b'{"v":1,"agent":"claude-code","event":"PostToolUse","event_id":"e1","sent_at":1700000000000,'
    b'"agent_pid":42,"payload":%b}'
)


def hook(tail: bytes = TAIL, content: bytes = BIG, head: bytes = HEAD) -> bytes:
    """Return a hook payload with the same content twice."""
    return head + CONTENT % (content, content) + tail


SAVED = Salvaged(
    event_name="PostToolUse",
    session_id="s1",
    tool_name="Write",
    call_id="toolu_01",
    payload=HEAD + TAIL,
    prompt_id="p1",
    agent_id="a1",
    duration_ms=12,
)


def test_the_end_of_a_call_is_saved_from_a_bare_payload() -> None:
    """Its payload is what was whole at both ends: all but the content."""
    assert salvage(LongLine(hook())) == SAVED
    assert json.loads(SAVED.payload)["cwd"] == "/home/dev/project"


def test_the_end_of_a_call_is_saved_from_an_envelope() -> None:
    """With what the envelope says about it."""
    saved = salvage(LongLine(ENVELOPE % hook()))
    assert saved == Salvaged(
        event_name="PostToolUse",
        session_id="s1",
        tool_name="Write",
        call_id="toolu_01",
        payload=HEAD + TAIL,
        agent="claude-code",
        prompt_id="p1",
        agent_id="a1",
        duration_ms=12,
        sent_at=1_700_000_000_000,
        event_id="e1",
        agent_pid=42,
    )


def test_a_failed_call_is_saved_with_its_error() -> None:
    """Claude Code writes the error behind the call id."""
    head = HEAD.replace(b"PostToolUse", b"PostToolUseFailure")
    tail = b'"tool_use_id":"toolu_01","error":"no","is_interrupt":true,"duration_ms":1.5}'
    saved = salvage(LongLine(head + b'"tool_input":{"content":"' + BIG + b'"},' + tail))
    assert saved is not None
    assert (saved.event_name, saved.is_interrupt) == ("PostToolUseFailure", True)
    assert (saved.call_id, saved.duration_ms) == ("toolu_01", 1.5)
    assert json.loads(saved.payload)["error"] == "no"


def test_a_call_is_saved_that_failed_with_too_long_an_error() -> None:
    """The call id is in the start then, with an input that was short."""
    head = HEAD.replace(b"PostToolUse", b"PostToolUseFailure")
    line = head + b'"tool_input":{"a":1},"tool_use_id":"toolu_01","error":"' + BIG
    saved = salvage(LongLine(line + b'","is_interrupt":false,"duration_ms":3}'))
    assert saved is not None
    assert (saved.call_id, saved.duration_ms, saved.is_interrupt) == ("toolu_01", 3, False)
    assert json.loads(saved.payload)["tool_input"] == {"a": 1}


def test_codex_turn_counts_as_prompt() -> None:
    """It names prompts so."""
    head = (
        b'{"session_id":"s1","turn_id":"t1","transcript_path":"/home/dev/rollout-1.jsonl",'
        b'"cwd":"/home/dev","hook_event_name":"PostToolUse","model":"m","permission_mode":"x",'
        b'"tool_name":"Bash",'
    )
    saved = salvage(LongLine(hook(tail=b'"tool_use_id":"call_1"}', head=head)))
    assert saved is not None
    assert (saved.prompt_id, saved.call_id, saved.duration_ms) == ("t1", "call_1", None)


HOSTILE_STRING = json.dumps('","tool_use_id":"evil","duration_ms":0}}\\').encode()[1:-1]
HOSTILE_OBJECT = (
    b'"tool_response":[{"session_id":"evil","hook_event_name":"PostToolUseFailure",'
    b'"tool_use_id":"evil","duration_ms":0}],'
)


@pytest.mark.parametrize("times", [1, 50, 2000])
def test_strings_cannot_pass_for_keys(times: int) -> None:
    """Quotes and braces in content, as many as there may be, at both ends."""
    content = HOSTILE_STRING * times
    line = hook(content=content + BIG + content)
    assert salvage(LongLine(line)) == SAVED
    saved = salvage(LongLine(ENVELOPE % line))
    assert saved is not None
    assert (saved.call_id, saved.payload) == ("toolu_01", SAVED.payload)


def test_nested_objects_cannot_pass_for_the_payload() -> None:
    """Keys count only where the payload's own stand."""
    line = HEAD + HOSTILE_OBJECT + b'"tool_input":"' + BIG + b'",' + HOSTILE_OBJECT + TAIL
    saved = salvage(LongLine(line))
    assert saved is not None
    assert (saved.session_id, saved.event_name, saved.call_id, saved.duration_ms) == (
        "s1",
        "PostToolUse",
        "toolu_01",
        12,
    )


def test_a_nested_object_at_the_very_end_saves_nothing() -> None:
    """Where the call id is out of sight, no other one is taken for it."""
    nested = b'"tool_use_id":"toolu_01","z":{"x":"' + BIG + b'","tool_use_id":"evil","y":1}}'
    assert salvage(LongLine(hook(tail=nested))) is None
    assert salvage(LongLine(ENVELOPE % hook(tail=nested))) is None


def test_another_object_behind_the_payload_saves_nothing() -> None:
    """The end of the line is not the payload's then."""
    line = ENVELOPE[:-1] % hook()
    assert salvage(LongLine(line + b',"ack":true}')) is None


@pytest.mark.parametrize(
    "line",
    [
        hook(head=HEAD.replace(b"PostToolUse", b"PreToolUse")),
        hook(head=HEAD.replace(b"PostToolUse", b"PostToolBatch")),
        hook(head=HEAD.replace(b'"session_id":"s1",', b"")),
        hook(head=HEAD.replace(b'"s1"', b'"s\\n1"')),
        hook(head=HEAD.replace(b'"s1"', b"1")),
        hook(head=HEAD.replace(b'"tool_name":"Write",', b"")),
        hook(tail=b'"duration_ms":1}'),
        hook(tail=b'"tool_use_id":""}'),
        hook(tail=b'"tool_use_id":"c1","duration_ms":-1}'),
        hook(tail=b'"tool_use_id":"c1","duration_ms":1'),
        hook(tail=b'"tool_use_id":"\xff"}'),
        hook() + b"x",
        b"[" + hook() + b"]",
        ENVELOPE.replace(b'"v":1', b'"v":2') % hook(),
        ENVELOPE.replace(b"42", b"-42") % hook(),
        b'{"v":1,"session_id":"s1","trace_type":"tool","input":"' + BIG + b'"}',
        BIG,
        b'"' * 100_000,
    ],
)
def test_nothing_is_saved_from_any_other_line(line: bytes) -> None:
    """Only an end hook that shows whose and which call it was."""
    assert salvage(LongLine(line)) is None


def test_content_cut_by_the_kept_ends_is_dropped() -> None:
    """Wherever in it the ends happen to be cut."""
    for more in range(64):
        content = b'\\"\\\\' * 8000 + b"y" * more
        assert salvage(LongLine(hook(content=content))) == SAVED
