"""The soak can fail: each of its findings, given what it is there to find."""

import sqlite3
from pathlib import Path
from random import Random

import pytest
from soak.gauge import Sample
from soak.schedule import DEADLY, HARMLESS, faults
from soak.senders import Rig, told_with_acks
from soak.stories import Story, Teller
from soak.tally import Tally
from soak.verdict import MIB, of_samples
from support.daemon import Daemon

SECONDS = 600
CALM = Sample(0.0, 1, 50 * MIB, 20, 4 * MIB, 0, 0.1, 0, read_held=False, discarded=0)
Held = dict[str, set[int]]


def life() -> list[Sample]:
    """Return ten minutes of a daemon that keeps still."""
    return [CALM._replace(elapsed=float(second)) for second in range(SECONDS)]


def failed(samples: list[Sample]) -> list[str]:
    """Return the first words of the findings that do not hold."""
    return [found.what.split()[0] for found in of_samples(samples) if not found.holds]


def test_a_daemon_that_keeps_still_passes() -> None:
    """What does not grow is not found fault with; nor is what grows while caches fill."""
    warming = [s._replace(rss_bytes=int(50 + min(s.elapsed, 100)) * MIB) for s in life()]

    assert failed(life()) == []
    assert failed(warming) == []


def test_growth_is_found() -> None:
    """Three MiB a minute of memory, or one descriptor in twenty seconds, is a leak."""
    memory = [s._replace(rss_bytes=s.rss_bytes + int(s.elapsed * MIB / 20)) for s in life()]
    files = [s._replace(descriptors=20 + int(s.elapsed / 20)) for s in life()]

    assert failed(memory) == ["memory"]
    assert failed(files) == ["descriptors"]


def test_a_log_that_nobody_holds_is_bounded() -> None:
    """A WAL above 64 MiB is a fault, but while a reader holds a transaction and shortly after."""
    grown = [s._replace(wal_bytes=100 * MIB) if 300 <= s.elapsed < 310 else s for s in life()]
    held = [s._replace(read_held=295 <= s.elapsed < 300) for s in grown]

    assert failed(grown) == ["WAL"]
    assert failed(held) == []


def test_a_writer_that_stands_still_is_found() -> None:
    """Eleven seconds without a commit, or an event that waits at the end, is a fault."""
    samples = life()
    samples[300] = CALM._replace(elapsed=300.0, last_commit_age=11.0)
    waiting = [*life(), CALM._replace(elapsed=600.0, queued=1)]

    assert failed(samples) == ["a"]
    assert failed(waiting) == ["nothing"]


@pytest.mark.parametrize("seconds", [20, 900, 3600])
def test_a_long_life_follows_the_kills(seconds: int) -> None:
    """Every kind of fault happens; none is deadly from the first third until near the end."""
    schedule = faults(seconds, Random(1))
    deadly = [fault.at / seconds for fault in schedule if fault.kind in DEADLY]

    assert {fault.kind for fault in schedule} == {*DEADLY, *HARMLESS}
    assert [at for at in deadly if 1 / 3 <= at < 0.97] == []
    assert deadly[-1] == pytest.approx(0.97)


def test_a_story_that_is_not_there_as_told_is_a_failure(tmp_path: Path) -> None:
    """A step that is gone, that nobody told, or whose order was another one, is found."""
    tally = Tally()
    with Daemon(tmp_path / "d") as daemon:
        rig = Rig(daemon, tally)
        story = Teller("t", Random(1)).story(now=0, acked=True, steps=20)
        rig.tell(story, told_with_acks, iter([story.lines]))
        orders: Held = {step: {number} for number, step in enumerate(in_order(story), 1)}
        rig.hold(story, orders)
        assert tally.failures == []

        rig.hold(story, orders | {story.steps[3]: {9, 10}})
        rig.hold(story._replace(steps=story.steps[1:]), {})
        with sqlite3.connect(daemon.db) as connection:
            connection.execute("DELETE FROM step WHERE step_order = 5")
        connection.close()
        rig.hold(story, {})

    assert len(tally.failures) == 4, "an order; a step more; a gap; a step less"


def in_order(story: Story) -> list[str]:
    """Return the steps of a story in the order of their first lines."""
    return list(dict.fromkeys(line.step for line in story.lines if line.step is not None))
