import time
from pathlib import Path

import pytest

from traced.client.spool import make_name, make_note_name
from traced.doctor.finding import Finding
from traced.doctor.spool import look

HOUR_NS = 3600 * 10**9


def put(folder: Path, age_ns: int) -> None:
    """Let an event of that age wait."""
    (folder / make_name(time.time_ns() - age_ns, 1, "ab")).write_bytes(b"{}\n")


def found_in(folder: Path, *, daemon_runs: bool = True) -> list[Finding]:
    """What is found in a spool that is looked into every two seconds."""
    return list(look(folder, 2.0, daemon_runs=daemon_runs))


def test_an_empty_spool_is_ok(tmp_path: Path) -> None:
    """So is one that nobody needed yet."""
    assert [finding.state for finding in found_in(tmp_path)] == ["ok"]
    assert [finding.state for finding in found_in(tmp_path / "none")] == ["ok"]


def test_an_event_that_has_just_come_is_ok(tmp_path: Path) -> None:
    """The daemon takes it in at its next look."""
    put(tmp_path, 0)

    assert [finding.state for finding in found_in(tmp_path)] == ["ok"]


def test_an_event_that_waits_for_an_hour_beside_a_daemon_is_wrong(tmp_path: Path) -> None:
    """The daemon leaves it, and its log says why."""
    put(tmp_path, HOUR_NS)
    put(tmp_path, 0)

    (finding,) = found_in(tmp_path)

    assert finding.state == "wrong"
    assert finding.told.startswith(f"2 files wait in {tmp_path}, the oldest for 3600")
    assert finding.remedy is not None
    assert "spool_file_left" in finding.remedy


def test_events_that_wait_for_a_daemon_are_a_warning(tmp_path: Path) -> None:
    """That is what the spool is for."""
    put(tmp_path, HOUR_NS)

    assert [finding.state for finding in found_in(tmp_path, daemon_runs=False)] == ["warning"]


def test_notes_of_losses_are_a_warning(tmp_path: Path) -> None:
    """A client had no room for one event, and a daemon none for seven."""
    (tmp_path / f".{make_name(1, 1, 'ab').removesuffix('ndjson')}lost").touch()
    (tmp_path / make_note_name(1, 1, "ab", 7)).touch()

    waiting, lost = found_in(tmp_path)

    assert (waiting.state, lost.state) == ("ok", "warning")
    assert lost.told.startswith("8 events may be lost")


def test_foreign_files_are_a_warning(tmp_path: Path) -> None:
    """They are named; what a client is just writing is none of them."""
    (tmp_path / "notes.txt").touch()
    (tmp_path / f".{make_name(1, 1, 'ab')}").touch()

    _, strange = found_in(tmp_path)

    assert strange.state == "warning"
    assert strange.told.endswith("are not events: notes.txt")


@pytest.mark.parametrize("kind", ["file", "link to nowhere"])
def test_a_spool_that_is_no_folder_is_wrong_or_missing(tmp_path: Path, kind: str) -> None:
    """A file in its place keeps clients from spooling; a link to nowhere is what is not there."""
    place = tmp_path / "spool"
    if kind == "file":
        place.touch()
    else:
        place.symlink_to(tmp_path / "none")

    assert [finding.state for finding in found_in(place)] == ["wrong" if kind == "file" else "ok"]
