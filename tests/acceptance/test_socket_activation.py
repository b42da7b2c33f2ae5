import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.daemon import PYTHON, Client, Daemon, wait_until

# What a service manager does between fork and exec; the pid is only known then.
PASS = """
import os, sys
passed = int(sys.argv[1])
os.dup2(passed, 3)
if passed != 3:
    os.close(passed)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "agent-traced"}
os.execv(sys.argv[2], sys.argv[2:])
"""
SENDERS = 3
EVENTS = 40


def pass_on(daemon: Daemon, held: socket.socket) -> None:
    """Let a daemon inherit a socket, by the name that is meant for it."""
    daemon.around = [PYTHON, "-c", PASS, str(held.fileno())]
    daemon.passed = (held.fileno(),)


@contextmanager
def activated(folder: Path) -> Iterator[Daemon]:
    """A daemon, not started yet, whose socket is held here, as a service manager does."""
    folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as held:
        daemon = Daemon(folder)
        pass_on(daemon, held)
        held.bind(str(daemon.socket))
        daemon.socket.chmod(0o600)
        held.listen(4096)
        try:
            yield daemon
        finally:
            daemon.__exit__()


def event(name: str) -> dict[str, object]:
    """A step whose id and name are the same."""
    return {"v": 1, "session_id": "s", "trace_type": "tool", "name": name, "event_id": name}


class Sender(threading.Thread):
    """
    Sends steps on a connection each, one after the other, until `over` is set.

    Each is sent until it is acked; to connect never fails, whatever becomes of the daemon.
    """

    def __init__(self, path: Path, number: int) -> None:
        super().__init__()
        self.acked: list[str] = []
        self.failure: BaseException | None = None
        self.over = threading.Event()
        self._path = path
        self._number = number

    def run(self) -> None:
        """Send; a failure is kept."""
        try:
            while not self.over.is_set():
                name = f"{self._number}-{len(self.acked)}"
                while (answer := self._answer({**event(name), "ack": True})) is None:
                    pass
                assert answer["status"] in ("stored", "duplicate"), answer
                self.acked.append(name)
        except BaseException as error:
            self.failure = error
            raise

    def _answer(self, line: Mapping[str, object]) -> dict[str, Any] | None:
        with Client(self._path) as client:
            try:
                return client.ask(line)
            except (OSError, AssertionError):  # closed without an ack: it stopped
                return None


def test_what_was_sent_before_the_start_is_recorded(tmp_path: Path) -> None:
    """It waited in the kernel, its senders long gone."""
    with activated(tmp_path / "d") as daemon:
        for number in range(50):
            with daemon.connect() as client:
                client.send(json.dumps(event(f"n{number}")).encode())
        daemon.start()
        wait_until(lambda: len(daemon.steps()) == 50, "all to be recorded")
        assert daemon.stop() == 0

        assert [step["name"] for step in daemon.steps()] == [f"n{number}" for number in range(50)]
        assert daemon.socket.is_socket()


def test_a_restart_under_load_loses_nothing_and_turns_nobody_away(tmp_path: Path) -> None:
    """What is acked is there, once; what is not acked yet waits or is sent again."""
    with activated(tmp_path / "d") as daemon:
        senders = [Sender(daemon.socket, number) for number in range(SENDERS)]
        daemon.launch()
        for sender in senders:
            sender.start()
        try:
            for _ in range(2):
                acked = [len(sender.acked) for sender in senders]
                wait_until(
                    lambda acked=acked: all(  # type: ignore[misc]
                        sender.failure or len(sender.acked) > before + EVENTS
                        for sender, before in zip(senders, acked, strict=True)
                    ),
                    "events to be acked",
                )
                assert daemon.stop() == 0
                daemon.launch()
        finally:
            for sender in senders:
                sender.over.set()
            for sender in senders:
                sender.join()
        assert [sender.failure for sender in senders] == [None] * SENDERS
        assert daemon.stop() == 0
        recorded = sorted(step["name"] for step in daemon.steps())

        assert recorded == sorted(name for sender in senders for name in sender.acked)
        assert daemon.socket.is_socket()


def test_a_descriptor_that_is_no_listening_socket_is_wrong_configuration(tmp_path: Path) -> None:
    """It ends with 78, which systemd does not restart, and says what it got."""
    with activated(tmp_path / "d") as daemon, socket.socket(socket.AF_INET) as internet:
        pass_on(daemon, internet)
        daemon.launch()
        assert daemon.process is not None
        assert daemon.process.wait(timeout=30) == 78

        assert "descriptor 3 (agent-traced, <AddressFamily.AF_INET" in daemon.log.read_text()
        assert "expected one listening Unix stream socket" in daemon.log.read_text()
