"""Somebody else at the socket, which only root can try; the folder is opened up for that."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.attack import attacked, connected
from support.daemon import Daemon
from support.proc import needs_proc

NOBODY = 65534

pytestmark = [
    needs_proc,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
]


@contextmanager
def nobody() -> Iterator[None]:
    """Be another user for the length of the block."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_another_user_is_refused_unheard(short_folder: Path) -> None:
    """
    Even where he reaches the socket, nothing of him is read; the log tells his uid, not each time.

    Events of root and of the daemon's own user go on.
    """
    event = b'{"v":1,"ack":true,"session_id":"foreign","trace_type":"tool","name":"x"}\n'
    with Daemon(short_folder / "d") as daemon, attacked(daemon, "200 of another user"):
        for place, mode in ((short_folder, 0o711), (daemon.folder, 0o711), (daemon.socket, 0o666)):
            place.chmod(mode)
        for _ in range(200):
            with nobody():
                client = connected(daemon)
            with client:
                try:
                    client.sendall(event)
                    assert client.recv(1000) == b""
                except (BrokenPipeError, ConnectionResetError):
                    continue
        assert daemon.steps(session_id="foreign") == []
        assert daemon.rows("rejected_events") == []
        refusals = [line for line in daemon.log.read_text().splitlines() if "peer_refused" in line]
        assert 1 <= len(refusals) <= 10
        assert all('"uid": 65534' in line for line in refusals)


def test_another_user_does_not_reach_the_socket(short_folder: Path) -> None:
    """Its folder and its mode keep him out."""
    with Daemon(short_folder / "d") as daemon, nobody(), pytest.raises(PermissionError):
        connected(daemon)


def test_with_senders_group_the_socket_decides(short_folder: Path) -> None:
    """Who reaches it may send, and his sessions are his own; what he asks of others is refused."""
    event = b'{"v":1,"ack":true,"session_id":"one","trace_type":"tool","name":"x"}\n'
    with Daemon(short_folder / "d") as daemon:
        assert daemon.stop() == 0
        daemon.settings["TRACED_SENDERS"] = "group"
        daemon.start()
        for place, mode in ((short_folder, 0o711), (daemon.folder, 0o711), (daemon.socket, 0o666)):
            place.chmod(mode)
        daemon.send(event.replace(b'"ack":true,', b""))
        with nobody():
            client = connected(daemon)
        with client:
            client.sendall(event + b'{"v":1,"control":"status"}\n')
            answers = client.makefile("rb")
            assert b'"step_order":1,' in answers.readline()
            assert b'"status":"error"' in answers.readline()

        assert sorted(row["peer_uid"] for row in daemon.steps()) == [0, NOBODY]
