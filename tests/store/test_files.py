import os
from pathlib import Path

import pytest

from traced.core.errors import StoreError
from traced.store.files import (
    SHM,
    WAL,
    FileId,
    Files,
    Place,
    are_open,
    beside,
    put_aside,
    size,
    told,
)


def filled(path: Path) -> None:
    """Make a database's three files, each with its own name in it."""
    for suffix in ("", WAL, SHM):
        beside(path, suffix).write_text(suffix)


def test_a_look_tells_which_files_are_there(tmp_path: Path) -> None:
    """Each by what stays the same when it is renamed."""
    path = tmp_path / "t.db"
    place = Place(path)
    assert place.look() == Files(None, None, None)
    filled(path)
    before = place.look()
    status = path.stat()

    assert before.main == FileId(status.st_dev, status.st_ino)
    assert len(set(before)) == 3
    path.rename(tmp_path / "other.db")
    assert place.look() == before._replace(main=None)


def test_a_look_tells_the_size_of_the_main_file(tmp_path: Path) -> None:
    """One that is gone keeps the size that it had: it has not been cut short."""
    path = tmp_path / "t.db"
    place = Place(path)
    path.write_text("twelve bytes")
    place.look()
    assert place.main_bytes == 12

    path.unlink()
    place.look()
    assert place.main_bytes == 12


def test_the_real_file_is_found_wherever_its_link_leads(tmp_path: Path) -> None:
    """It is the one that the log beside it belongs to."""
    real, other, link = tmp_path / "real.db", tmp_path / "other.db", tmp_path / "t.db"
    filled(real)
    other.touch()
    link.symlink_to(real)
    place = Place(link)
    link.unlink()
    link.symlink_to(other)

    assert place.look_at_real() == Place(real).look()


def test_links_lead_to_where_sqlite_keeps_its_own(tmp_path: Path) -> None:
    """The log is beside the real file; a link that leads elsewhere now leads to another file."""
    real, other, link = tmp_path / "real.db", tmp_path / "other.db", tmp_path / "t.db"
    filled(real)
    other.touch()
    link.symlink_to(real)
    place = Place(link)
    assert place.look() == Place(real).look()

    link.unlink()
    link.symlink_to(other)
    assert place.look() == Place(real).look()._replace(main=Place(other).look().main)


def test_what_is_no_longer_there_is_told_in_words(tmp_path: Path) -> None:
    """Gone or another, file by file."""
    path = tmp_path / "t.db"
    filled(path)
    before = Place(path).look()
    beside(path, WAL).unlink()
    found = Place(path).look()._replace(main=FileId(0, 1))

    assert told(before, found) == "database is another file, -wal is gone"
    assert told(before, before) == ""


def test_files_are_put_aside_together(tmp_path: Path) -> None:
    """All keep their content under one new name, which says why and when."""
    path = tmp_path / "t.db"
    filled(path)
    kept = put_aside(path, "corrupt")

    assert Place(path).look() == Files(None, None, None)
    assert kept.name.startswith("t.db.corrupt-2")
    assert kept.name.endswith("Z")
    assert [beside(kept, suffix).read_text() for suffix in ("", WAL, SHM)] == ["", WAL, SHM]


def test_no_name_is_taken_from_another(tmp_path: Path) -> None:
    """In the same second too, each has a name of its own, also where only its log would clash."""
    path = tmp_path / "t.db"
    names = set()
    for number in range(4):
        filled(path)
        kept = put_aside(path, "corrupt", (WAL,) if number == 0 else (WAL, SHM, ""))
        names.add(kept.name)

    assert len(names) == 4
    assert len(list(tmp_path.iterdir())) == 1 + 3 * 3


def test_only_what_is_there_is_put_aside(tmp_path: Path) -> None:
    """A database has no log when it was left in order."""
    path = tmp_path / "t.db"
    path.touch()
    kept = put_aside(path, "corrupt")

    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With both names, so that it can be done by hand."""
    path = tmp_path / "t.db"
    path.touch()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match=r"t\.db cannot be set aside as t\.db\.corrupt-"):
            put_aside(path, "corrupt")
    finally:
        tmp_path.chmod(0o700)


def test_what_is_not_there_has_no_size(tmp_path: Path) -> None:
    """Nothing is as good as empty."""
    assert size(tmp_path / "t.db") == 0


def test_files_that_this_process_has_open(tmp_path: Path) -> None:
    """It is told by which file it is: another one of the same name is not."""
    path = tmp_path / "t.db"
    filled(path)
    found = Place(path).look()
    with path.open(), beside(path, WAL).open(), beside(path, SHM).open():
        assert are_open(found)
        beside(path, SHM).unlink()
        filled(path)
        assert not are_open(Place(path).look())
    assert not are_open(found)
