"""
Kill the daemon at random instants while clients send; hold the database against the acks.

The oracle is outside the daemon: what the clients sent and were told. `make torture` kills many
times more, with a fresh database every 25 kills.
"""

import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.crowd import EXPLICIT, Crowd
from support.daemon import Daemon, Row, wait_until
from support.expected import check_session, check_steps
from support.mixed_traffic import Alone
from support.oracle import check_once, check_told
from support.snapshot import Snapshot, check_file

KILLS = int(os.environ.get("TRACED_TORTURE_KILLS", "3"))
SEED = int(os.environ.get("TRACED_TORTURE_SEED", "20261122"))
KILLS_A_ROUND = 25
THREADS = 16
LIFE_SECONDS_MAX = 0.5
# So many times the daemon is killed once more, while it starts or takes in the spool.
YOUNG = 0.25
# Fewer kills may all come at instants at which no ack is on its way.
KILLS_TELLING = 10
SAID = ("event_id", "trace_type", "call_id", "agent_id", "prompt_number", "status")


def kills_of(round_number: int) -> int:
    """Return how many kills a round has."""
    return min(KILLS_A_ROUND, KILLS - round_number * KILLS_A_ROUND)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("round_number", range(-(-KILLS // KILLS_A_ROUND)))
def test_kill_at_any_instant_loses_nothing_and_doubles_nothing(
    tmp_path: Path, round_number: int
) -> None:
    """All that was sent is stored once, in the order that was acked, and the file is whole."""
    seed = SEED + round_number
    chance = random.Random(seed)
    stop = threading.Event()
    with Daemon(tmp_path / "d") as daemon, ThreadPoolExecutor(THREADS) as pool:
        crowd = Crowd(daemon, seed)
        clients = crowd.run(pool, stop)
        try:
            for _ in range(kills_of(round_number)):
                time.sleep(chance.uniform(0.0, LIFE_SECONDS_MAX))
                daemon.status()
                daemon.kill()
                check_file(daemon.db)
                if chance.random() < YOUNG:
                    die_young(daemon, chance.uniform(0.0, LIFE_SECONDS_MAX))
                    check_file(daemon.db)
                daemon.start()
            acked = crowd.acked()
            wait_until(lambda: crowd.acked() > acked, "clients to go on after the last kill")
        finally:
            stop.set()
        for client in clients:
            client.result()
        assert crowd.looks
        assert daemon.status()["queued"] == 0
        check(Snapshot(daemon.db), crowd, kills_of(round_number))
        assert daemon.stop() == 0
        assert list(daemon.spool.iterdir()) == []


def die_young(daemon: Daemon, seconds: float) -> None:
    """Start the daemon and kill it some time later, most often before it is ready."""
    end = threading.Timer(seconds, daemon.kill)
    end.start()
    try:
        daemon.start()
    except AssertionError:
        assert daemon.process is not None
        assert daemon.process.wait() == -signal.SIGKILL, daemon.log.read_text()
    daemon.kill()
    end.join()


def check(stored: Snapshot, crowd: Crowd, kills: int) -> None:
    """Hold what is stored against what was sent and told, over so many kills."""
    assert stored.rows("rejected_events") == []
    check_once(stored, {EXPLICIT: crowd.explicit_orders()})
    statuses = check_told(stored, crowd.senders, crowd.call_of)
    assert statuses["stored"]
    is_attacked = statuses["duplicate"] or kills < KILLS_TELLING
    assert is_attacked, "no ack was lost by a kill: the test attacks nothing"
    for alone in crowd.alone:
        for session_id, wanted in alone.steps.items():
            check_alone(stored, alone, session_id, wanted)
    for replay in crowd.whole_replays():
        for was, said in replay.scenario.expected.items():
            check_session(stored, replay.session_ids[was], said)
            check_steps(stored.steps(session_id=replay.session_ids[was]), said["steps"])


def check_alone(stored: Snapshot, alone: Alone, session_id: str, wanted: list[Row]) -> None:
    """A session that one client filled has exactly its steps, in the order of sending."""
    found = stored.steps(session_id=session_id)
    assert [{key: step[key] for key in SAID} for step in found] == [
        {key: step[key] for key in SAID} for step in wanted
    ]
    (session,) = stored.rows("sessions", session_id=session_id)
    assert (session["ended_at"] is None) == alone.is_open[session_id]
    prompts = stored.rows("prompts", session_id=session_id)
    numbers = sorted(row["prompt_number"] for row in prompts)
    assert numbers == list(range(1, alone.prompts[session_id] + 1))
