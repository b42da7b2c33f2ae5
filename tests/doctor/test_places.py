import socket

import pytest
from support.rows import Recording

from traced.doctor.finding import Finding
from traced.doctor.places import look
from traced.settings import Effective


@pytest.mark.usefixtures("recording", "listening")
def test_private_places_are_ok(found: Effective) -> None:
    """Folders of mode 0700, files and socket of mode 0600."""
    assert [finding.state for finding in look(found)] == ["ok"]


def test_a_folder_that_others_may_enter_is_wrong(found: Effective) -> None:
    """The remedy is the very chmod that mends it."""
    state = found.config.db.parent
    state.chmod(0o755)

    assert list(look(found)) == [
        Finding(
            "places", "wrong", f"{state} has mode 0755, expected 0700", f"run `chmod 700 {state}`"
        )
    ]


def test_a_database_that_others_may_read_is_wrong(found: Effective, recording: Recording) -> None:
    """So is its log, and the log's index."""
    wal = recording.path.with_name("traced.db-wal")
    wal.chmod(0o640)

    assert [finding.remedy for finding in look(found)] == [f"run `chmod 600 {wal}`"]


@pytest.mark.usefixtures("listening")
def test_a_socket_that_others_may_use_is_wrong(found: Effective) -> None:
    """Who can write to it can record what never happened."""
    found.config.socket.chmod(0o666)

    assert [finding.remedy for finding in look(found)] == [f"run `chmod 600 {found.config.socket}`"]


def test_something_else_in_the_place_of_the_socket_is_wrong(found: Effective) -> None:
    """A daemon would refuse to start there."""
    found.config.socket.write_bytes(b"")

    (finding,) = look(found)

    assert (finding.state, finding.told) == ("wrong", f"{found.config.socket} is not a socket")


def test_what_is_missing_is_not_made(found: Effective, listening: socket.socket) -> None:
    """A folder that does not exist is told, and still not there."""
    listening.close()
    found.config.spool.rmdir()

    (finding,) = look(found)

    assert (finding.state, finding.told) == ("warning", f"{found.config.spool} does not exist")
    assert not found.config.spool.exists()
