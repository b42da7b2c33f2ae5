import random
from pathlib import Path

import pytest
from support.daemon import Daemon, wait_until
from support.form import LONG, SEED
from support.lives import life
from support.power_cut import Disk
from support.recording import CALLS, check_cuts, instants, is_memory, scratch
from support.strace import needs_strace, strace
from support.streams import Stream
from support.syscalls import moments

SHARE = 0.05 if LONG else 0.01  # of the instants between, at which the power is cut too
# A first start syncs a dozen times until it says READY; then each commit does once.
SYNCS_OF_A_START_MAX = 19
EVERY_OTHER = f"{SYNCS_OF_A_START_MAX + 1}+2"
EACH = map(str, range(1, 27))

pytestmark = needs_strace


def under_strace(folder: Path, trace: Path, *which: str) -> Daemon:
    """Make a daemon whose calls are recorded, and whose fdatasync fails at `which`."""
    faults = [f"fdatasync:error=EIO:when={each}" for each in which]
    around = strace(trace, CALLS, whole_data=True, inject=faults)
    return Daemon(folder, around=[*around, "--seccomp-bpf"])


def stream(daemon: Daemon, name: str) -> int:
    """Send some events, in flight together; return how many were acked, which is all."""
    client = Stream(daemon, name)
    for count in range(1, 13):
        client.send(count % 4 + 1)
        client.receive()
    client.close()
    return len(client.told)


def check_acked(folder: Path, traces: list[Path], events: int) -> None:
    """Cut the power at every ack and between, whether or not the kernel forgets what failed."""
    with scratch(folder) as after:
        for forgetful in (True, False):
            chance = random.Random(SEED)
            disk = Disk(folder, "traced.db", is_memory, forgetful=forgetful, journalled=True)
            for told, _ in instants(traces, disk, lambda _: SHARE, chance):
                check_cuts(told, disk, after, chance)
            assert len({ack["event_id"] for ack in told.acks}) >= events


def failed_syncs(traces: list[Path]) -> int:
    """Count the syncs that failed."""
    ends = (call for trace in traces for what, call in moments(trace) if what == "end")
    return sum(call.name == "fdatasync" and call.result == -1 for call in ends)


@pytest.mark.parametrize("which", [EVERY_OTHER, *EACH] if LONG else [EVERY_OTHER])
def test_no_ack_rests_on_a_sync_that_failed(tmp_path: Path, which: str) -> None:
    """
    The kernel may forget what it failed to write, and say nothing the next time.

    So SQLite must write the same frames anew before the commit counts, and it does. Only a failed
    sync of the folder it overlooks: there the name of the log is safe because the file system has a
    journal, which the log's own sync writes out.
    """
    folder = tmp_path / "d"
    traces = [tmp_path / "trace-1"]
    events = 0
    daemon = under_strace(folder, traces[0], which)
    with life(daemon) as came_up:
        if came_up:
            events += stream(daemon, "faulty")
            assert daemon.stop() == 0
    if not came_up:
        traces.append(tmp_path / "trace-2")
        with under_strace(folder, traces[1]) as daemon:
            events += stream(daemon, "sound")

    assert failed_syncs(traces)
    check_acked(folder, traces, events)


def test_no_ack_rests_on_a_sync_that_failed_before_the_start(tmp_path: Path) -> None:
    """What the last daemon could not sync is synced, or gone, before the next one acks."""
    folder = tmp_path / "d"
    traces = [tmp_path / "trace-1", tmp_path / "trace-2"]
    with under_strace(folder, traces[0], f"{SYNCS_OF_A_START_MAX + 1}+") as daemon:
        client = Stream(daemon, "faulty")
        while daemon.status()["state"] == "ok":
            client.send(1)
        wait_until(lambda: failed_syncs(traces[:1]) > 1, "a second attempt")
        daemon.kill()
        client.close()
    with under_strace(folder, traces[1]) as daemon:
        events = stream(daemon, "sound")

    check_acked(folder, traces, events)
