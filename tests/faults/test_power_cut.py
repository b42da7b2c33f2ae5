import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import Daemon
from support.form import LONG, SEED
from support.power_cut import Disk
from support.recording import CALLS, UNLINKS, check_cut, check_cuts, instants, is_memory, scratch
from support.strace import needs_strace, strace
from support.streams import Stream, native
from support.syscalls import Call, moments

from traced.client.spool import make_name

CLIENTS = 3
ROUNDS = 30 if LONG else 3
SHARE = 0.005 if LONG else 0.06  # of the instants between, at which the power is cut too
# So much of garbage, which is kept, takes the log past its 4,000 pages before the rounds are over.
GARBAGE = [b"x" * 60_000] * 12
NAMES = "traced.db"
LOG = "/traced.db-wal"  # the companion of words and tallies has one too, which nobody waits for
LOG_HEAD_BYTES = 32  # which SQLite writes by itself (sqlite.org/fileformat2.html, section 4.1)

pytestmark = [needs_strace, pytest.mark.timeout(900 if LONG else 120)]


def leave_in_spool(daemon: Daemon, *unix_ns: int) -> None:
    """Leave events as the hook client does, with ids by which `check_cut` knows their files."""
    daemon.spool.mkdir(mode=0o700, exist_ok=True)
    for each in unix_ns:
        name = make_name(each, 1, "ab")
        hidden = daemon.spool / f".{name}"
        hidden.write_text(json.dumps(native(f"of-{name}")) + "\n")
        hidden.rename(daemon.spool / name)


def share_of(call: Call) -> float:
    """Tell how likely the power is cut at a call that tells nobody anything."""
    return 1.0 if LONG and call.name in ("fdatasync", "ftruncate") else SHARE


def stream(daemon: Daemon, name: str, *garbage: bytes) -> None:
    """Send from a few clients at once, some events in flight together; all are acked."""
    clients = [Stream(daemon, f"{name}{number}") for number in range(CLIENTS)]
    for count in range(1, ROUNDS + 1):
        daemon.send(*garbage)
        for client in clients:
            client.send(count % 7 + 1)
        for client in clients:
            client.receive()
    for client in clients:
        client.close()


def record(folder: Path, lives: int, *options: str) -> list[Path]:
    """
    Return the traces of some lives: a new schema, spools, a stop with its checkpoint, a kill.

    In the long form the second life is so long that its log is checkpointed and begun anew.
    """
    traces = [folder / f"trace-{life}" for life in range(lives)]
    for life, trace in enumerate(traces):
        daemon = Daemon(
            folder, *options, around=[*strace(trace, CALLS, whole_data=True), "--seccomp-bpf"]
        )
        leave_in_spool(daemon, 2 * life + 1, 2 * life + 2)
        with daemon:
            stream(daemon, f"{life}-", *(GARBAGE if LONG and life else ()))
            if life < lives - 1:
                assert daemon.stop() == 0
    return traces


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two lives with one database."""
    return record(tmp_path_factory.mktemp("power") / "d", 2)


@pytest.fixture
def after(tmp_path: Path) -> Iterator[Path]:
    """A folder for what is left after a cut."""
    with scratch(tmp_path) as folder:
        yield folder


def disk_of(traces: list[Path]) -> Disk:
    """The disk on which the database of these traces lay, empty."""
    return Disk(traces[0].parent, NAMES, is_memory)


def test_what_was_acked_survives_a_power_cut(recorded: list[Path], after: Path) -> None:
    """At every ack and between, whatever the disk lost: acked is there, the file whole."""
    chance = random.Random(SEED)
    disk = disk_of(recorded)
    cuts = 0
    for told, _ in instants(recorded, disk, share_of, chance):
        check_cuts(told, disk, after, chance)
        cuts += 1

    events = CLIENTS * sum(count % 7 + 1 for count in range(1, ROUNDS + 1))
    assert len({ack["event_id"] for ack in told.acks}) == len(recorded) * events
    assert len(told.deleted) == 2 * len(recorded)
    assert cuts > ROUNDS * len(recorded)
    assert begun_logs(recorded) == len(recorded) + LONG


def begun_logs(traces: list[Path]) -> int:
    """Count how often a log was begun, at its first byte: anew after all of it was checkpointed."""
    calls = [call for trace in traces for what, call in moments(trace) if what == "end"]
    written = [call for call in calls if call.name == "pwrite64" and call.path.endswith(LOG)]
    return sum(tuple(call.numbers[-2:]) == (LOG_HEAD_BYTES, 0) for call in written)


def test_each_commit_is_synced_before_its_ack(recorded: list[Path]) -> None:
    """Between the last write into the log and an ack, an fdatasync of the log succeeded."""
    acks = [is_synced for call, is_synced in told_when_synced(recorded) if is_ack(call)]

    assert acks
    assert all(acks)


def test_each_commit_is_synced_before_its_spool_file_is_deleted(recorded: list[Path]) -> None:
    """Between the last write into the log and the end of a spool file, one succeeded too."""
    ends = [is_synced for call, is_synced in told_when_synced(recorded) if not is_ack(call)]

    assert ends == [True] * 2 * len(recorded)


def told_when_synced(traces: list[Path]) -> Iterator[tuple[Call, bool]]:
    """Yield what says that events are stored, and whether all of the log was synced by then."""
    for trace in traces:
        is_synced = True
        for what, call in moments(trace):
            if call.path.endswith(LOG) and call.name == "pwrite64":
                is_synced = False
            elif (what, call.result) == ("end", 0) and is_sync(call):
                is_synced = True
            elif what == "begin" and (is_ack(call) or is_deletion(call)):
                yield call, is_synced


def is_ack(call: Call) -> bool:
    """Tell whether a call tells a client that its event is stored."""
    return call.name == "sendto" and b'"status":"stored","session_id"' in call.data


def is_deletion(call: Call) -> bool:
    """Tell whether a call deletes a spool file."""
    return call.name in UNLINKS and call.path.endswith(".ndjson")


def is_sync(call: Call) -> bool:
    """Tell whether a call makes the log last."""
    return call.name == "fdatasync" and call.path.endswith(LOG)


def test_without_power_durability_a_cut_loses_acked_events(tmp_path: Path, after: Path) -> None:
    """With `--durability process` the same cuts do lose: so the test above can fail."""
    traces = record(tmp_path / "d", 1, "--durability", "process")
    disk = disk_of(traces)
    lost = 0
    for told, _ in instants(traces, disk, lambda _: 0, random.Random(SEED)):
        try:
            check_cut(told, disk, after, "lost", random.Random(SEED))
        except AssertionError:
            lost += 1
        else:
            assert not told.acks, "nothing was synced, expected nothing to be there"

    assert lost
    synced = [call for what, call in moments(traces[0]) if what == "end" and is_sync(call)]
    acks = sum(what == "begin" and is_ack(call) for what, call in moments(traces[0]))
    assert len(synced) < acks
