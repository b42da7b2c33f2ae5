"""Lines to the daemon, and what it answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from traced.backfill.sending import SENT_BYTES_AIM, SENT_MAX, Sender, Taken
from traced.core.errors import NotRunning


@contextmanager
def answering(path: Path, *answers: bytes) -> Iterator[Path]:
    """Serve one connection: answer its lines in turn, then close it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            stream, _ = listener.accept()
            with stream, stream.makefile("rb") as lines:
                for answer in answers:
                    lines.readline()
                    stream.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield path
        thread.join(10)


def answer(status: str, error: str = "null") -> bytes:
    """Return an ack."""
    return b'{"status":"%s","reason":null,"error":%s}\n' % (status.encode(), error.encode())


def test_answers_are_counted(tmp_path: Path) -> None:
    """Of what is refused the first is kept, to be told."""
    answers = [answer("stored"), answer("duplicate"), answer("ignored")]
    answers += [answer("rejected", '"one"'), answer("rejected", '"two"')]
    taken = Taken()

    with answering(tmp_path / "s", *answers) as place, Sender([place]) as sender:
        sender.send([b"{}\n"] * 5, taken)

    assert taken == Taken(added=1, known=2, refused=2, first_refusal="one")


def test_many_lines_go_in_parts(tmp_path: Path) -> None:
    """No more is on the way than its answers have room."""
    number = SENT_MAX + 1
    taken = Taken()

    answers = [answer("stored")] * number
    with answering(tmp_path / "s", *answers) as place, Sender([place]) as sender:
        sender.send((b"{}\n" for _ in range(number)), taken)

    assert taken.added == number


def test_long_lines_are_answered_before_more_are_read(tmp_path: Path) -> None:
    """So that memory holds some, however many there are."""
    taken = Taken()

    def lines() -> Iterator[bytes]:
        for number in range(3):
            assert taken.added == number
            yield b" " * SENT_BYTES_AIM + b"\n"

    answers = [answer("stored")] * 3
    with answering(tmp_path / "s", *answers) as place, Sender([place]) as sender:
        sender.send(lines(), taken)

    assert taken.added == 3


def test_the_first_place_that_answers_is_taken(tmp_path: Path) -> None:
    """The daemon's socket has two places by default."""
    places = [tmp_path / "none", tmp_path / "s"]
    with answering(tmp_path / "s", answer("stored")), Sender(places) as sender:
        sender.send([b"{}\n"], taken := Taken())

    assert taken.added == 1


def test_without_a_daemon_it_says_what_to_do(tmp_path: Path) -> None:
    """Nothing was sent, and nothing is lost."""
    with pytest.raises(NotRunning, match="start it with `traced run`"):
        Sender([tmp_path / "none"])


def test_a_daemon_that_goes_is_told(tmp_path: Path) -> None:
    """What it has taken it will know again."""
    with (
        answering(tmp_path / "s", answer("stored")) as place,
        Sender([place]) as sender,
        pytest.raises(NotRunning, match="closed the connection"),
    ):
        sender.send([b"{}\n"] * 2, Taken())
