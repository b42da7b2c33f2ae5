from traced.core.answers import encode_acks, encode_control
from traced.core.event import Outcome


def test_an_ack_has_all_six_keys_always() -> None:
    """A client need not ask whether a key is there."""
    assert encode_acks([Outcome(status="ignored")]) == (
        b'{"event_id":null,"status":"ignored","session_id":null,"step_order":null,'
        b'"error":null,"reason":null}\n'
    )


def test_an_ack_tells_what_became_of_the_event() -> None:
    """The order of a stored one, the reason of a rejected one."""
    stored = Outcome(event_id="e1", status="stored", session_id="s1", step_order=7)
    refused = Outcome(
        status="rejected", session_id="s1", error="name is missing", reason="bad_field"
    )
    assert encode_acks([stored, refused]) == (
        b'{"event_id":"e1","status":"stored","session_id":"s1","step_order":7,'
        b'"error":null,"reason":null}\n'
        b'{"event_id":null,"status":"rejected","session_id":"s1","step_order":null,'
        b'"error":"name is missing","reason":"bad_field"}\n'
    )


def test_an_answer_is_one_line_whatever_its_texts_hold() -> None:
    """Newlines are escaped, other text stays readable."""
    answer = encode_acks([Outcome(status="rejected", error='a\nb\r"c" é\u2028')])
    assert answer.count(b"\n") == 1
    assert b'"error":"a\\nb\\r\\"c\\" \xc3\xa9\xe2\x80\xa8"' in answer


def test_a_control_line_is_answered_with_what_was_asked() -> None:
    """More keys come after it, in their order."""
    assert encode_control("flush", "ok", {"events": 3}) == (
        b'{"control":"flush","status":"ok","events":3}\n'
    )
    assert encode_control("dance", "error", {"error": "unknown"}) == (
        b'{"control":"dance","status":"error","error":"unknown"}\n'
    )
    assert encode_control("ping", "ok") == b'{"control":"ping","status":"ok"}\n'
