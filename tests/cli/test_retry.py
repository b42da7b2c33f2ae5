import json
from pathlib import Path

import msgspec
import pytest

from traced.cli.retry import NO_TEXT, Readable, Refusal, Retried, readable, send
from traced.config import Config
from traced.core.errors import NotRunning
from traced.store.rows import RejectedEvent

AT = "2027-01-15T08:00:00.000Z"
AT_MS = 1_800_000_000_000


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The settings of a user who has set nothing."""
    return Config(socket=tmp_path / "sock", db=tmp_path / "db", spool=tmp_path / "spool")


def kept(raw: str | None, agent: str | None = None) -> RejectedEvent:
    """Return a row that has kept this text."""
    return RejectedEvent(7, AT, "rejected", agent, "s", 1, "bad_field", "was wrong", raw, 9)


def sent(event: RejectedEvent, config: Config) -> dict[str, object]:
    """Return the line by which an event is sent again."""
    found = readable(event, config)
    assert isinstance(found, Readable)
    line: dict[str, object] = json.loads(found.line)
    return line


def test_a_line_is_sent_as_it_was_kept(config: Config) -> None:
    """With an ack, an event id by which it is known again, and the time at which it came."""
    native = {"v": 1, "session_id": "s", "trace_type": "tool", "name": "n", "input": 2**70}

    assert sent(kept(json.dumps(native)), config) == {
        **native,
        "ack": True,
        "event_id": "rejected-7",
        "sent_at": AT_MS,
    }
    given = {"event_id": "mine", "sent_at": 5, "ack": False}
    assert sent(kept(json.dumps(native | given)), config) == {**native, **given, "ack": True}


def test_a_payload_gets_its_envelope(config: Config) -> None:
    """A hook's payload, which was kept without, names the agent whose it was."""
    payload = {"session_id": "s", "hook_event_name": "Stop"}
    expected = {"v": 1, "ack": True, "event_id": "rejected-7", "sent_at": AT_MS}

    line = sent(kept(json.dumps(payload), "codex"), config)
    assert line == {**expected, "agent": "codex", "payload": payload}
    assert "agent" not in sent(kept(json.dumps(payload)), config)


def test_a_row_of_an_export_is_no_payload(config: Config) -> None:
    """An import's line that was refused is sent as it was, not as what a hook said."""
    row = {"kind": "session", "agent": "codex", "session_id": "s", "used_at": AT_MS}
    line = {"v": 1, "row": row}

    assert sent(kept(json.dumps(line), "codex"), config)["row"] == row


def test_a_line_of_no_known_kind_stays_one(config: Config) -> None:
    """It is judged as the line that it was, so what is wrong with it is the same as before."""
    row = msgspec.structs.replace(kept('{"v":1,"session_id":"s"}'), reason="unknown_kind")

    found = readable(row, config)

    assert isinstance(found, Refusal)
    assert found.reason == "unknown_kind"
    assert "expected one of trace_type, payload" in found.detail


@pytest.mark.parametrize(
    ("raw", "reason", "detail"),
    [
        (None, "bad_field", NO_TEXT),
        ("", "bad_field", NO_TEXT),
        ('{"cut', "bad_field", "was wrong"),
        ("[1]", "bad_field", "was wrong"),
        ('{"v":2,"trace_type":"tool"}', "version", "v is 2"),
        ('{"v":1,"session_id":"s","trace_type":"tool"}', "bad_field", "name is missing"),
        ('{"v":1,"control":"flush"}', "bad_field", "it is a control line"),
    ],
    ids=["none", "empty", "cut", "array", "newer", "wrong", "control"],
)
def test_what_cannot_be_read_says_why(
    config: Config, raw: str | None, reason: str, detail: str
) -> None:
    """What is wrong today; of a text that is no object any more, what was wrong then."""
    found = readable(kept(raw), config)

    assert isinstance(found, Refusal)
    assert (found.reason, found.detail[: len(detail)]) == (reason, detail)


def test_nobody_there_is_told(tmp_path: Path) -> None:
    """Without a daemon nothing is taken, which is no refusal."""
    with pytest.raises(NotRunning, match="no daemon answers"):
        send([tmp_path / "sock"], [Readable(1, b"{}\n")], Retried())
