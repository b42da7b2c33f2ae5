import os
from pathlib import Path

import pytest

from traced.install.errors import UnitError
from traced.install.service import Change, additions, removals
from traced.install.units import MARK, UnitFile


@pytest.fixture
def file(tmp_path: Path) -> UnitFile:
    """A unit that is to be written."""
    return UnitFile(tmp_path / "units/agent-traced.service", f"{MARK}\n[Service]\n")


def test_units_are_written_and_removed(file: UnitFile) -> None:
    """With the folder, readable for all; then nothing is left to do."""
    (change,) = additions([file])
    change.apply()

    assert file.path.read_text() == file.text
    assert file.path.stat().st_mode & 0o777 == 0o644
    assert [each.changes for each in additions([file])] == [False]
    (change,) = removals([file])
    change.apply()
    assert list(file.path.parent.iterdir()) == []
    assert [each.changes for each in removals([file])] == [False]


def test_a_change_is_shown_as_a_diff(file: UnitFile) -> None:
    """From nothing, to another text, to nothing."""
    (made,) = additions([file])
    assert made.diff().splitlines()[:2] == [f"--- {os.devnull}", f"+++ {file.path}"]
    made.apply()
    (changed,) = additions([UnitFile(file.path, f"{MARK}\n[Unit]\n")])
    assert changed.diff().splitlines()[-2:] == ["-[Service]", "+[Unit]"]
    (gone,) = removals([file])
    assert gone.diff().splitlines()[1] == f"+++ {os.devnull}"


def test_what_others_put_there_stays(file: UnitFile) -> None:
    """Neither written over nor removed."""
    file.path.parent.mkdir()
    file.path.write_text("[Service]\n")
    for plan in (additions, removals):
        with pytest.raises(UnitError, match="move it away"):
            plan([file])

    assert file.path.read_text() == "[Service]\n"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """And nothing half written is left there."""
    (tmp_path / "file").touch()
    with pytest.raises(UnitError, match=r"file/x cannot be written: "):
        Change(tmp_path / "file/x", None, "text").apply()

    assert [path.name for path in tmp_path.iterdir()] == ["file"]
