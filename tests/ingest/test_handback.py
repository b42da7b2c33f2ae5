import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.exporting import row
from support.house import native
from support.store_room import protocol, records, submission, translator

from traced.core.capture import Capture
from traced.core.event import Event, Rejected
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.wire import Control
from traced.ingest.handback import hand_back, line_of
from traced.ingest.intake import Record, Submission
from traced.ingest.spool_lines import Budget
from traced.ingest.spool_reading import Reading

NOW = 1_700_000_000_000
STOP = b'{"hook_event_name":"Stop","session_id":"s\xc3\xa9"}'
LINES = [
    native(1),
    (
        b'{"v":1,"sdk_session_id":"s","trace_type":"tool","name":"n","phase":"start","call_id":"c",'
        b'"prompt_number":0,"duration_ms":0,"input":{"a":[1,"\\u00e9",null]},"output":null,"error":"",'
        b'"input_summary":"","started_at":"2026-11-22T10:00:00.5+01:00","sent_at":1.5,"event_id":"e",'
        b'"agent_pid":7,"ack":true}'
    ),
    b'{"v":1,"session_id":"s","lifecycle":"prompt","prompt":"p\\ud800","agent":"x"}',
    b'{"v":1,"ack":true,"agent":"codex","event":"Stop","event_id":"e","sent_at":5,"payload":%b}'
    % STOP,
    STOP,
    row("step", content={"input": {"a": [1]}}, call_id="c", duration_ms=0),
]


def read_back(folder: Path) -> list[Submission]:
    """Return what the next start reads from a spool folder, in order."""
    files = [
        Reading(path, lambda uid: uid == os.geteuid(), protocol, 1000)
        for path in sorted(folder.glob("[0-9]*"))
    ]
    for file in files:
        file.read(Budget(1_000_000, 1 << 30))
    return [
        submission(part.records, received_at=file.written_at)
        for file in files
        for part in file.parts
    ]


def meaning(some: Sequence[Record]) -> list[object]:
    """Return what records mean to the store."""
    return list(translator().entries(submission(some, received_at=NOW)))


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_written_as_it_was_meant(line: bytes) -> None:
    """Read again it is the same event, of the same time; only nobody waits for its ack."""
    first = records(line)
    again = line_of(first[0])

    assert again is not None
    assert again.endswith(b"\n")
    assert b'"ack"' not in again
    assert meaning(records(again)) == meaning(first)


def test_a_given_zero_or_empty_text_is_kept() -> None:
    """They are values, and not what was not sent."""
    again = line_of(records(LINES[1])[0])
    assert again is not None
    line = json.loads(again)

    assert (line["prompt_number"], line["duration_ms"], line["input_summary"]) == (0, 0, "")
    assert "agent" not in line
    assert line["session_id"] == "s"


def test_all_is_in_the_spool_in_its_order(tmp_path: Path) -> None:
    """Each event with the time at which it came, also when the clock went back meanwhile."""
    held = [
        submission(records(native(1), native(2)), received_at=NOW),
        submission(records(native(3)), received_at=NOW + 5),
        submission(records(native(4)), received_at=NOW - 5),
    ]
    done = hand_back(held, tmp_path / "spool", tmp_path)
    back = read_back(tmp_path / "spool")

    assert (done.events, done.files, done.lost) == (4, 3, 0)
    events = [entry for each in back for entry in translator().entries(each)]
    assert all(isinstance(each, Event) for each in events)
    names = [change.name for each in events for change in each.changes]  # type: ignore[union-attr]
    assert names == ["n1", "n2", "n3", "n4"]
    assert [each.received_at for each in back] == [NOW, NOW + 5, NOW + 5]


def test_a_file_is_bounded(tmp_path: Path) -> None:
    """What is lost with one that cannot be written is a mebibyte."""
    lines = [native(number, input="x" * 600_000) for number in range(5)]
    done = hand_back([submission(records(*lines))], tmp_path / "spool", tmp_path)

    assert (done.events, done.files) == (5, 5)


def test_what_came_from_the_spool_is_there_still(tmp_path: Path) -> None:
    """Its file is not deleted before it is stored: written anew it would be there twice."""
    spooled = submission(records(native(1), b"garbage"))
    spooled.origin = "f.ndjson"

    assert hand_back([spooled], tmp_path / "spool", tmp_path) == (0, 0, 0, None)
    assert not (tmp_path / "spool").exists()


def notes_in(folder: Path) -> list[dict[str, object]]:
    """Return what the only note of a folder says."""
    (path,) = folder.glob(".*.lost")
    assert path.stat().st_mode & 0o777 == 0o600
    said: list[dict[str, object]] = json.loads(path.read_bytes())
    return said


def test_a_rejected_line_is_noted(tmp_path: Path) -> None:
    """It cannot be rejected again as it was: its row waits for the next start."""
    held = [submission(records(native(1), b'{"session_id":"s9",'))]
    done = hand_back(held, tmp_path / "spool", tmp_path)
    (note,) = notes_in(tmp_path / "spool")

    assert (done.events, done.lost) == (2, 0)
    assert (note["kind"], note["reason"], note["length"]) == ("rejected", "not_json", 19)


def test_the_end_saved_of_a_long_line_is_spooled_beside_its_rejection(tmp_path: Path) -> None:
    """It takes effect, and the line counts as the one event that was rejected."""
    payload = b'{"session_id":"s","hook_event_name":"PostToolUse","tool_name":"Bash",'
    payload += b'"tool_use_id":"c","tool_response":"%b","duration_ms":5}' % (b"x" * 99_000)
    line = b'{"v":1,"event_id":"e","payload":%b}\n' % payload
    long = Protocol(Capture("summary", Redactor()), line_bytes_max=8192).receive_data(line)
    some = [each for each in long if not isinstance(each, Control)]
    done = hand_back([submission(some)], tmp_path / "spool", tmp_path)
    (again,) = read_back(tmp_path / "spool")
    (rejected,) = meaning(some)

    assert (done.events, done.lost) == (1, 0)
    assert [note["reason"] for note in notes_in(tmp_path / "spool")] == ["too_long"]
    assert isinstance(rejected, Rejected)
    (event,) = meaning(again.records)
    assert isinstance(event, Event)
    event.peer_uid = None
    assert rejected.salvaged == event


def test_without_a_spool_each_session_has_its_note(tmp_path: Path) -> None:
    """How many events it lost, in the folder of the database."""
    (tmp_path / "spool").write_text("a file")
    lines = (native(1), STOP, native(2), b'{"v":1,"agent":"codex","payload":%b}' % STOP, b"garbage")
    done = hand_back([submission(records(*lines))], tmp_path / "spool", tmp_path)
    notes = notes_in(tmp_path)

    assert (done.events, done.lost) == (1, 4)
    assert done.why == f"{tmp_path / 'spool'} cannot be written: Not a directory"
    assert [(note["reason"], note.get("session_id"), note.get("count", 1)) for note in notes] == [
        ("not_json", None, 1),
        ("shutdown", "s", 2),
        ("shutdown", "s\xe9", 1),
        ("shutdown", "s\xe9", 1),
    ]


def test_without_any_folder_all_is_lost_and_told(tmp_path: Path) -> None:
    """Rejections too: nobody will see their rows."""
    (tmp_path / "file").write_text("a file")
    held = [submission(records(native(1), b"garbage"))]
    done = hand_back(held, tmp_path / "file" / "spool", tmp_path / "file")

    assert (done.events, done.lost) == (0, 2)
    assert done.why == f"{tmp_path / 'file' / 'spool'} cannot be written: Not a directory"
