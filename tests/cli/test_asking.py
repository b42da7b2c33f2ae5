import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from traced.cli import asking
from traced.cli.asking import ANSWER_BYTES_MAX, ask
from traced.core.errors import NotAnswering, NotRunning, TracedError
from traced.ingest.locks import locked


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """A server that reads one line, answers so, and closes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as lines:
                lines.readline()
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


def test_answer_comes_without_the_words_that_frame_it(short_folder: Path) -> None:
    """What the daemon says beside `control` and `status` is the answer."""
    place = short_folder / "s"
    with answering(place, b'{"control":"ping","status":"ok","pid":7}\n'):
        assert ask([place], "ping") == {"pid": 7}


def test_second_place_is_asked_where_nobody_is_at_the_first(short_folder: Path) -> None:
    """The daemon may listen at either of two places."""
    place = short_folder / "s"
    with answering(place, b'{"control":"ping","status":"ok"}\n'):
        assert ask([short_folder / "nobody", place], "ping") == {}


def test_nobody_there_is_told_with_every_place(short_folder: Path) -> None:
    """Where no daemon answers, the message names the sockets that were tried."""
    places = [short_folder / "a", short_folder / "b"]

    with pytest.raises(NotRunning) as caught:
        ask(places, "ping")

    for place in places:
        assert f"{place}: No such file or directory" in str(caught.value)


def test_daemon_that_closes_is_not_running(short_folder: Path) -> None:
    """A connection that ends before a whole line is no answer."""
    place = short_folder / "s"
    with (
        answering(place, b'{"control":'),
        pytest.raises(NotRunning, match="closed the connection"),
    ):
        ask([place], "status")


@pytest.mark.parametrize("answer", [b"220 mail.example\n", b"[]\n", b"\xff\n"])
def test_what_another_program_answers_is_shown(short_folder: Path, answer: bytes) -> None:
    """No daemon is there, but something that speaks another language."""
    place = short_folder / "s"
    with answering(place, answer), pytest.raises(NotRunning) as caught:
        ask([place], "status")

    assert str(caught.value) == (
        f"no daemon answers: {place}: what came is no answer of traced's: {answer!r}"
    )


def test_an_answer_without_end_is_cut_off(short_folder: Path) -> None:
    """A program that sends whatever it has is not read forever."""
    place = short_folder / "s"
    with (
        answering(place, b"x" * (ANSWER_BYTES_MAX + 1)),
        pytest.raises(NotRunning, match="bytes without a newline came"),
    ):
        ask([place], "status")


def test_a_daemon_that_is_there_and_does_not_listen_yet_is_told(short_folder: Path) -> None:
    """It holds its lock while it takes in the spool: nobody should start another."""
    place = short_folder / "s"
    with locked(place, "socket"), pytest.raises(NotAnswering) as caught:
        ask([place], "status")

    assert str(caught.value).endswith(
        f"{place}: No such file or directory (process {os.getpid()} has its lock)"
    )


def test_a_daemon_that_listens_and_does_not_answer_is_told(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hangs, or it is starting behind a socket that systemd holds."""
    monkeypatch.setattr(asking, "ANSWER_SECONDS_MAX", 0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(short_folder / "s"))
        server.listen()
        with pytest.raises(NotAnswering, match="timed out"):
            ask([short_folder / "s"], "status")


def test_refusal_is_an_error_with_the_daemons_words(short_folder: Path) -> None:
    """An answer with status error is not taken for figures."""
    place = short_folder / "s"
    refusal = b'{"control":"status","status":"error","error":"uid 7 may not ask"}\n'
    with answering(place, refusal), pytest.raises(TracedError, match="uid 7 may not ask"):
        ask([place], "status")
