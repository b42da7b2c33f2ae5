"""
Lines that nobody should write, and what becomes of each; its neighbours are always stored.

Expected values are the contract's, written by hand.
"""

import pytest
from support.daemon import Daemon, Row

SESSION = "odd"


def native(name: str, more: bytes = b"") -> bytes:
    """Return a native event as a line."""
    start = b'{"v":1,"session_id":"odd","trace_type":"tool","name":"%b"' % name.encode()
    return start + more + b"}"


def came_of(daemon: Daemon, *lines: bytes) -> tuple[list[Row], list[Row]]:
    """
    Write these lines between two neighbours; return the new steps between them, and rejections.

    All are written at once, so that they are read in as few pieces as may be.
    """
    steps, rejected = len(daemon.steps(session_id=SESSION)), len(daemon.rows("rejected_events"))
    daemon.send(native("before"), *lines, native("after"))
    first, *found, last = daemon.steps(session_id=SESSION)[steps:]
    assert (first["name"], last["name"]) == ("before", "after")
    assert [row["step_order"] for row in (first, *found, last)] == list(
        range(steps + 1, steps + 3 + len(found))
    )
    return found, daemon.rows("rejected_events")[rejected:]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b"[" * 8_388_607, "not_json", id="8 MiB of open brackets"),
        pytest.param(b'{"a":' * 100_000, "not_json", id="100,000 objects, not closed"),
        pytest.param(
            native("deep", b',"input":' + b"[" * 100_000 + b"]" * 100_000),
            "not_json",
            id="100,000 levels of arrays",
        ),
        pytest.param(
            native("deep", b',"input":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
            "not_json",
            id="100,000 levels of objects",
        ),
        pytest.param(b'{"hook_event_name":"\xff\xfe"}', "not_utf8", id="no UTF-8"),
        pytest.param(native("x", b',"input":"\xed\xa0\x80"'), "not_utf8", id="raw surrogate"),
        pytest.param(b"\x00" * 100, "not_json", id="NUL bytes"),
        pytest.param(native("x", b',"input":"\x00"'), "not_json", id="NUL in a string"),
        pytest.param(native("x", b',"input":NaN'), "not_json", id="NaN"),
        pytest.param(native("x", b',"input":-Infinity'), "not_json", id="-Infinity"),
        pytest.param(
            native("x", b',"step_order":9223372036854775808'), "bad_field", id="64 bits and one"
        ),
        pytest.param(
            native("x", b',"prompt_number":' + b"9" * 5000), "bad_field", id="5000 digits"
        ),
        pytest.param(native("x", b',"duration_ms":1e400'), "bad_field", id="1e400 as a duration"),
        pytest.param(native("x", b',"step_order":1.5'), "bad_field", id="a broken order"),
        pytest.param(b"{}", "unknown_kind", id="an empty object"),
        pytest.param(b"[]", "not_object", id="an array"),
        pytest.param(b'"text"', "not_object", id="a string"),
        pytest.param(b"null", "not_object", id="null"),
        pytest.param(b"12345678901234567890123", "not_object", id="a number"),
        pytest.param(native("x") + native("y"), "not_json", id="two on one line"),
        pytest.param(native("a") + b"\r" + native("b"), "not_json", id="\\r between two"),
        pytest.param(native("x").replace(b'"v":1', b'"v":2'), "version", id="a later version"),
    ],
)
def test_a_line_that_cannot_be_taken_costs_itself(daemon: Daemon, line: bytes, reason: str) -> None:
    """It is rejected, a row says why and how long it was, and its neighbours are stored."""
    steps, rejected = came_of(daemon, line)

    assert steps == []
    assert [(row["reason"], row["length"]) for row in rejected] == [(reason, len(line))]


@pytest.mark.parametrize(
    ("line", "name", "summary"),
    [
        pytest.param(native("x", b',"input":"\\ud83d!"'), "x", "�!", id="half a character"),
        pytest.param(native("a\\udc00b"), "a�b", None, id="half a character in a name"),
        pytest.param(native("x", b',"input":"a\\u0000b"'), "x", "a�b", id="U+0000"),
        pytest.param(native("a\\u0000"), "a�", None, id="U+0000 in a name"),
        pytest.param(
            native("x", b',"input":123456789012345678901234567890'),
            "x",
            "123456789012345678901234567890",
            id="an integer beyond 64 bits",
        ),
        pytest.param(
            native("first", b',"name":"second"'), "second", None, id="a key twice: the last holds"
        ),
        pytest.param(b"\xef\xbb\xbf" + native("x"), "x", None, id="a BOM"),
        pytest.param(native("x") + b"\r", "x", None, id="CRLF"),
        pytest.param(b" \t\r" + native("x") + b" \r\t", "x", None, id="space around"),
        pytest.param(native("é\U0001f600"), "é\U0001f600", None, id="beyond the BMP"),
    ],
)
def test_an_odd_line_that_is_valid_is_taken(
    daemon: Daemon, line: bytes, name: str, summary: str | None
) -> None:
    """It is stored, as far as it can be."""
    steps, rejected = came_of(daemon, line)

    assert [(row["name"], row["input_summary"]) for row in steps] == [(name, summary)]
    assert rejected == []


@pytest.mark.parametrize("value", [b"1e400", b"-1e400", b"9" * 5000])
def test_a_number_that_nothing_can_hold_costs_no_event(daemon: Daemon, value: bytes) -> None:
    """Inside `input` or a payload any number may stand."""
    payload = b'{"session_id":"numbers","hook_event_name":"PreToolUse","tool_name":"Bash",'
    payload += b'"tool_use_id":"%b","tool_input":{"n":%b}}' % (value[:8], value)
    steps, rejected = came_of(daemon, native("x", b',"input":' + value))
    daemon.send(payload)

    assert [row["name"] for row in steps] == ["x"]
    assert rejected == []
    assert [row["status"] for row in daemon.steps(call_id=value[:8].decode())] == ["running"]


def test_deep_but_not_too_deep(daemon: Daemon) -> None:
    """A hundred levels are read as any other input."""
    steps, rejected = came_of(daemon, native("deep", b',"input":' + b"[" * 100 + b"]" * 100))

    assert [row["name"] for row in steps] == ["deep"]
    assert rejected == []


def test_blank_lines_are_nothing(daemon: Daemon) -> None:
    """A million of them, with and without carriage returns, leave no trace."""
    received = daemon.status()["received"]
    steps, rejected = came_of(daemon, b"\n" * 500_000 + b"\r\n" * 250_000 + b" \n" * 250_000)

    assert steps == rejected == []
    assert daemon.status()["received"] == received + 2
