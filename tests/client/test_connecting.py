import socket
from pathlib import Path

import pytest

from traced.client.connecting import connected


def test_the_first_that_listens_is_taken(short_folder: Path) -> None:
    """With the patience that was asked for."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(short_folder / "b"))
        listening.listen()
        places = [short_folder / name for name in ("a", "b", "c")]
        with connected(places, 7.0) as stream:
            assert stream.getpeername() == str(short_folder / "b")
            assert stream.gettimeout() == 7.0


def test_where_nobody_listens_the_last_place_says_why(short_folder: Path) -> None:
    """The others were guesses before it."""
    (short_folder / "b").touch()
    with pytest.raises(ConnectionRefusedError):
        connected([short_folder / "a", short_folder / "b"], 7.0)


def test_nowhere_to_look_is_an_error_of_its_own() -> None:
    """It is told in words."""
    with pytest.raises(OSError, match="nowhere to look for it"):
        connected([], 7.0)
