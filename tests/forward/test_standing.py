"""How forwarders fare."""

from contextlib import closing
from pathlib import Path

from support.rows import Recording

from traced.forward.cursor import Cursor
from traced.forward.progress import Progress, save
from traced.forward.standing import Standing, standings, told
from traced.store.reader import open_reader


def test_each_forwarder_of_a_database_is_told(recording: Recording, tmp_path: Path) -> None:
    """By its backend; those of other databases are not."""
    recording.skip(10)
    here = str(recording.path)
    save(tmp_path / "1.json", Progress("http://b", here, held_since="then", held_why="no"))
    cursor = Cursor(revision=7, running=(1, 2), held=(3,))
    sent = Progress("http://a", here, cursor=cursor, spans_sent=9, last_sent_at="now")
    save(tmp_path / "2.json", sent)
    save(tmp_path / "3.json", Progress("http://c", "/other.db"))

    with closing(open_reader(recording.path)) as connection:
        found = standings(tmp_path, recording.path, connection)
    assert found == [
        Standing("http://a", 3, 3, 9, 0, "now", None, None),
        Standing("http://b", 10, 0, 0, 0, None, "then", "no"),
    ]


def test_a_person_is_told_what_holds_a_forwarder_back() -> None:
    """As long as it does."""
    fine = Standing("http://a", 1200, 3, 1500, 2, "now", None, None)
    held = Standing("http://a", 0, 0, 0, 0, None, "then", "it answers 401")

    assert told(fine) == [
        ("to", "http://a"),
        ("sent", "1,500 spans, the last now"),
        ("rejected", "2 spans"),
        ("behind", "1,200 revisions; 3 steps have not ended"),
    ]
    assert told(held)[1] == ("sent", "0 spans")
    assert told(held)[-1] == ("held", "since then: it answers 401")
