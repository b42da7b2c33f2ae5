"""Control lines without end, and among events; TRACED_HOSTILE=long does more."""

import json
import threading
from contextlib import suppress

import pytest
from support.attack import LONG, MIB, SLACK_BYTES, attacked, connected
from support.daemon import Daemon
from support.proc import needs_proc

pytestmark = [needs_proc, pytest.mark.timeout(600 if LONG else 120)]

ASKED = 100_000 if LONG else 2_000


def control(word: str) -> bytes:
    """Return a control line."""
    return b'{"v":1,"control":"%b"}\n' % word.encode()


@pytest.mark.parametrize("word", ["ping", "status", "reboot"])
def test_every_control_line_is_answered(daemon: Daemon, word: str) -> None:
    """However many are asked at once, known or not, each has its answer and others are served."""
    status = "error" if word == "reboot" else "ok"
    with (
        attacked(daemon, f"{ASKED} {word}", memory_bytes_max=SLACK_BYTES + 32 * MIB),
        connected(daemon) as client,
        client.makefile("rb") as answers,
    ):
        asking = threading.Thread(target=client.sendall, args=[control(word) * ASKED])
        asking.start()
        for _ in range(ASKED):
            answer = json.loads(answers.readline())
            assert (answer["control"], answer["status"]) == (word, status)
        asking.join()


def test_a_flood_that_nobody_reads_is_not_read(daemon: Daemon) -> None:
    """Answers are bounded: who floods without reading is stopped in the kernel."""
    with (
        attacked(daemon, "status asked and not read", memory_bytes_max=SLACK_BYTES + 32 * MIB),
        connected(daemon) as client,
    ):
        client.settimeout(0.5)
        with suppress(TimeoutError):
            while True:
                client.sendall(control("status") * 1000)


def test_flush_answers_in_its_place(daemon: Daemon) -> None:
    """Between events it comes after their acks and before the later ones, and counts right."""
    event = b'{"v":1,"ack":true,"session_id":"flushed","trace_type":"tool","name":"n%d"}\n'
    rounds = 300
    with (
        attacked(daemon, "flush after each event"),
        connected(daemon) as client,
        client.makefile("rb") as answers,
    ):
        lines = b"".join(event % number + control("flush") for number in range(rounds))
        sending = threading.Thread(target=client.sendall, args=[lines])
        sending.start()
        for number in range(rounds):
            assert json.loads(answers.readline())["step_order"] == number + 1
            assert json.loads(answers.readline())["events"] == number + 1
        sending.join()
