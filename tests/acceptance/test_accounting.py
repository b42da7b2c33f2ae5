"""Every event ends in exactly one figure, whoever sent it and whenever one asks."""

import json
import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import DEADLINE_SECONDS, PYTHON, Daemon, Row, wait_until
from support.small_disk import full, needs_mount, small_disk
from support.store_room import locked_database
from support.strace import needs_strace, strace

from traced.client.spool import make_name, write, write_file

HOOK = subprocess.check_output(
    [PYTHON, "-c", "from traced.client import hook; print(hook.__file__)"], text=True
).strip()
LONG = os.environ.get("TRACED_STOP_LONG") == "1"
CLIENTS = 8
ROUNDS = 10
STOP = {"hook_event_name": "Stop", "session_id": "h"}
LINE_BYTES_MAX = 8192
TOO_LONG = b'{"v":1,"ack":true,"x":"%b"}' % (b"x" * LINE_BYTES_MAX)
# Each is answered, though it is rejected.
REJECTED = {
    "not_json": b'{"v":1,"ack":true,garbage',
    "not_utf8": b'{"v":1,"ack":true,"x":"\xff"}',
    "unknown_kind": b'{"v":1,"ack":true}',
    "bad_field": b'{"v":1,"ack":true,"session_id":"s","trace_type":"no","name":"n"}',
    "version": b'{"v":2,"ack":true,"session_id":"s","trace_type":"tool","name":"n"}',
}


def acked(session: str, number: int) -> bytes:
    """A native event that asks for an ack."""
    event = {"v": 1, "ack": True, "session_id": session, "trace_type": "tool", "name": "n"}
    return json.dumps(event | {"event_id": f"e{number}"}).encode()


def ignored(number: int) -> bytes:
    """A hook that nobody knows, in an envelope that asks for an ack."""
    payload = STOP | {"hook_event_name": "Unheard"}
    return json.dumps({"v": 1, "ack": True, "event_id": f"i{number}", "payload": payload}).encode()


class StrictDaemon(Daemon):
    """One whose longest line is short."""

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment, with that setting."""
        return super().environment | {"TRACED_LINE_BYTES_MAX": str(LINE_BYTES_MAX)}


class Sender(threading.Thread):
    """A client that sends some of everything in an order of its own; `told` are the answers."""

    def __init__(self, daemon: Daemon, number: int) -> None:
        super().__init__(daemon=True)
        self._daemon = daemon
        self._number = number
        self.told: Counter[str] = Counter()

    def run(self) -> None:
        """Send all on one connection and read what it is told."""
        session = f"s{self._number}"
        with self._daemon.connect() as client:
            for turn in range(ROUNDS):
                lines = [acked(session, turn), acked(session, turn), ignored(turn)]
                lines += REJECTED.values()
                random.Random(f"{session} {turn}").shuffle(lines)
                client.send(*lines)
                self._note(client.receive() for _ in lines)
            client.send(b"[1]", TOO_LONG, json.dumps(STOP).encode())  # the first and last are mute
            self._note([client.receive()])
            client.flush()

    def _note(self, answers: Iterator[Row] | list[Row]) -> None:
        self.told.update(answer["reason"] or answer["status"] for answer in answers)


class Asker(threading.Thread):
    """Asks for the figures all the time; `Daemon.status` holds each answer to its sum."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon=True)
        self._daemon = daemon
        self._over = threading.Event()
        self.answers = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Ask until it is over, or an answer is wrong."""
        try:
            while not self._over.is_set():
                self._daemon.status()
                self.answers += 1
        except BaseException as error:  # noqa: BLE001  # told in the test's own thread
            self.failure = error

    def end(self) -> None:
        """Ask no more; fail as it failed."""
        self._over.set()
        self.join()
        if self.failure is not None:
            raise self.failure


def test_what_is_received_is_what_was_sent_and_told(tmp_path: Path) -> None:
    """Good, repeated, ignored and rejected in every way, by many clients and the spool at once."""
    with StrictDaemon(tmp_path / "d") as daemon:
        asker = Asker(daemon)
        asker.start()
        senders = [Sender(daemon, number) for number in range(CLIENTS)]
        for sender in senders:
            sender.start()
        for number in range(20):
            lines = (acked("spool", number), acked("spool", number), b"garbage")
            write(daemon.spool, b"".join(line + b"\n" for line in lines))
        for sender in senders:
            sender.join()
        wait_until(lambda: not list(daemon.spool.glob("[0-9]*")), "the spool to be taken in")
        asker.end()
        status = daemon.status()
        told = sum((sender.told for sender in senders), Counter[str]())

        assert asker.answers > 5
        assert told == {
            "stored": CLIENTS * ROUNDS,
            "duplicate": CLIENTS * ROUNDS,
            "ignored": CLIENTS * ROUNDS,
            **dict.fromkeys(REJECTED, CLIENTS * ROUNDS),
            "too_long": CLIENTS,
        }
        assert status["received"] == told.total() + 2 * CLIENTS + 60
        assert status["stored"] == told["stored"] + CLIENTS + 20
        assert status["duplicate"] == told["duplicate"] + 20
        assert status["ignored"] == told["ignored"]
        rejected = {reason: told[reason] for reason in (*REJECTED, "too_long")}
        rejected["not_json"] += 20
        assert status["rejected"] == rejected | {"not_object": CLIENTS}
        assert (status["discarded"], status["queued"], status["queued_bytes"]) == ({}, 0, 0)
        rows = Counter(row["reason"] for row in daemon.rows("rejected_events"))
        assert rows == status["rejected"]


@pytest.mark.skipif(not LONG, reason="part of the long form: TRACED_STOP_LONG=1")
@needs_strace
def test_killed_between_commit_and_delete_nothing_is_there_twice(tmp_path: Path) -> None:
    """The next daemon meets the spool file again: a row, a prompt and a rejection, once each."""
    folder = tmp_path / "d"
    file = folder / "spool" / make_name(1, 1, "ab")
    prompt = {"hook_event_name": "UserPromptSubmit", "session_id": "p", "prompt": "p"}
    native = {"v": 1, "session_id": "s", "trace_type": "tool", "name": "n"}
    lines = (b"garbage", json.dumps(prompt).encode(), json.dumps(native).encode())
    kill = strace(
        tmp_path / "trace", ["unlink"], inject=["unlink:signal=KILL:when=1"], paths=[file]
    )
    with Daemon(folder, around=kill) as daemon:
        write_file(file, b"".join(line + b"\n" for line in lines))
        assert daemon.process
        assert daemon.process.wait(DEADLINE_SECONDS) == -signal.SIGKILL
        assert file.exists()
        assert len(daemon.steps()) == 1
    with Daemon(folder) as daemon:
        wait_until(lambda: not file.exists(), "the spool to be taken in")
        status = daemon.status()

        assert (status["stored"], status["duplicate"], status["rejected"]) == (
            0,
            2,
            {"not_json": 1},
        )
        assert len(daemon.steps()) == 1
        assert [row["prompt_number"] for row in daemon.rows("prompts", session_id="p")] == [1]
        assert [row["reason"] for row in daemon.rows("rejected_events")] == ["not_json"]


@needs_mount
def test_events_that_the_spool_had_no_room_for_have_a_row(tmp_path: Path) -> None:
    """Three clients find the disk full: they say so without a byte, and the daemon counts three."""
    with small_disk(tmp_path / "disk") as disk, Daemon(tmp_path / "d") as daemon:
        daemon.spool = disk
        daemon.stop()
        command = [PYTHON, "-ISE", HOOK, "--socket", str(daemon.socket)]
        command += ["--spool", str(disk)]
        with full(disk):
            for _ in range(3):
                done = subprocess.run(
                    command, input=json.dumps(STOP).encode(), capture_output=True, check=False
                )
                assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert [(path.suffix, path.stat().st_size) for path in disk.iterdir()] == [(".lost", 0)] * 3
        daemon.start()
        wait_until(lambda: daemon.status()["received"] == 3, "the notes to be taken in")

        assert daemon.status()["discarded"] == {"spool_full": 3}
        (row,) = daemon.rows("rejected_events")
        assert (row["kind"], row["reason"], row["count"]) == ("discarded", "spool_full", 3)
        wait_until(lambda: not list(disk.glob(".*")), "the notes to be deleted")
        daemon.stop()


@needs_mount
def test_events_that_are_stored_after_all_are_not_told_as_lost(tmp_path: Path) -> None:
    """A client gets no ack in time and finds the spool full; its event waits for the database."""
    with small_disk(tmp_path / "disk") as disk, Daemon(tmp_path / "d") as daemon:
        daemon.spool = disk
        daemon.stop()
        daemon.start()
        command = [PYTHON, "-ISE", HOOK, "--socket", str(daemon.socket)]
        command += ["--spool", str(disk)]
        with locked_database(daemon.db), full(disk):
            subprocess.run(command, input=json.dumps(STOP).encode(), check=True)
            (note,) = disk.glob(".*.lost")
        wait_until(lambda: not note.exists(), "the note to be taken in")

        status = daemon.status()
        assert (status["received"], status["stored"], status["discarded"]) == (1, 1, {})
        assert daemon.rows("rejected_events") == []
