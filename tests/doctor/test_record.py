import os
from pathlib import Path

from support.rows import START, Recording

from traced.doctor.finding import Finding
from traced.doctor.record import DAY_MS, disks, look, room
from traced.settings import Effective

MIB = 1 << 20


def found_of(db: Path, check: str, now_ms: int = START) -> list[Finding]:
    """What is found of one part."""
    return [finding for finding in look(db, now_ms) if finding.check == check]


def disk(free_bytes: int, flags: int = 0) -> os.statvfs_result:
    """A file system with so much room for this user."""
    blocks = free_bytes // 4096
    return os.statvfs_result((4096, 4096, 1 << 30, blocks, blocks, 0, 0, 0, flags, 255))


def test_a_database_that_can_be_read_is_ok(recording: Recording) -> None:
    """Its schema and its size are told."""
    (finding,) = look(recording.path, START)

    assert (finding.check, finding.state) == ("database", "ok")
    assert "schema version" in finding.told


def test_no_database_is_wrong(found: Effective) -> None:
    """The remedy is to start the daemon, which makes it."""
    (finding,) = look(found.config.db, START)

    assert finding.state == "wrong"
    assert finding.remedy is not None
    assert "traced run" in finding.remedy


def test_a_database_of_a_newer_schema_is_wrong(recording: Recording) -> None:
    """The remedy is to upgrade this program."""
    recording.connection.execute("PRAGMA user_version = 99")
    (finding,) = look(recording.path, START)

    assert finding.state == "wrong"
    assert "schema version 99" in finding.told
    assert "upgrade" in f"{finding.told} {finding.remedy}"


def test_a_large_log_is_a_warning(recording: Recording) -> None:
    """A reader that never ends keeps it from being cut."""
    recording.connection.close()
    wal = recording.path.with_name("traced.db-wal")
    with wal.open("wb") as file:
        file.truncate(300 * MIB)  # a hole: no disk is filled

    readable, log = found_of(recording.path, "database")

    assert (readable.state, log.state) == ("ok", "warning")
    assert "has 300.0 MiB, expected at most 256.0 MiB" in log.told


def test_prompts_without_steps_where_there_were_some_are_a_warning(recording: Recording) -> None:
    """Yesterday the agent's hooks told of tools, today only of prompts."""
    old = recording.session("old", last_event_at=START - 2 * DAY_MS, steps=1)
    recording.step(old, 1)
    new = recording.session("new")
    for number in (1, 2, 3):
        recording.prompt(new, number, started_at=START)

    (finding,) = found_of(recording.path, "silence")

    assert finding.state == "warning"
    assert finding.told.startswith("claude-code: 3 prompts")


def test_two_questions_without_steps_are_no_sign(recording: Recording) -> None:
    """Agents do answer without a tool."""
    old = recording.session("old", last_event_at=START - 2 * DAY_MS, steps=1)
    recording.step(old, 1)
    new = recording.session("new")
    for number in (1, 2):
        recording.prompt(new, number, started_at=START)

    assert found_of(recording.path, "silence") == []


def test_prompts_of_an_agent_that_never_had_steps_are_no_sign(recording: Recording) -> None:
    """Some agents have no hooks of tools."""
    new = recording.session("new", agent="other")
    for number in range(1, 9):
        recording.prompt(new, number, started_at=START)

    assert found_of(recording.path, "silence") == []


def test_a_disk_with_room_is_ok(tmp_path: Path) -> None:
    """More than half a GiB."""
    assert room(tmp_path, disk(1024 * MIB)).state == "ok"


def test_a_disk_that_fills_up_is_a_warning_and_a_full_one_wrong(tmp_path: Path) -> None:
    """Below 512 MiB, and below 32 MiB."""
    assert room(tmp_path, disk(500 * MIB)).state == "warning"
    assert room(tmp_path, disk(31 * MIB)).state == "wrong"


def test_a_disk_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    """As after an error of the disk."""
    assert room(tmp_path, disk(1024 * MIB, os.ST_RDONLY)).state == "wrong"


def test_each_disk_is_looked_at_once(tmp_path: Path) -> None:
    """Folders of one file system share a finding, and those that are not there theirs above."""
    assert len(list(disks((tmp_path, tmp_path / "not/there")))) == 1
