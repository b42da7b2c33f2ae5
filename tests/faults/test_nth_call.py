from pathlib import Path

import pytest
from support.daemon import Daemon, Row, wait_until
from support.form import LONG
from support.lives import life, logged
from support.strace import needs_strace, strace
from support.streams import Stream, check_file, check_steps

# Call, file, whether the database is new, which calls fail. A first start writes some 55 times
# and then READY; a later one writes nothing before its first event.
SHORT = [("pwrite64:error=ENOSPC", ("-wal",), False, "20+61")]
EACH = [
    *(("pwrite64:error=EIO", ("", "-wal", "-journal"), True, str(n)) for n in range(1, 61)),
    *(("pwrite64:error=EIO", ("-wal",), False, str(n)) for n in range(1, 41)),
    *(("pwrite64:error=ENOSPC", ("-wal",), False, str(n)) for n in range(1, 41, 3)),
    *(("pwrite64:error=EIO", ("",), False, str(n)) for n in range(1, 9)),
    *(("pwrite64:error=EIO", ("-shm",), True, str(n)) for n in range(1, 9)),
    ("fdatasync:error=EIO", ("",), False, "1"),
    *(("ftruncate:error=EIO", ("", "-wal", "-shm"), True, str(n)) for n in range(1, 4)),
    *(("ftruncate:error=EIO", ("", "-wal", "-shm"), False, str(n)) for n in range(1, 4)),
    *(("unlink:error=EIO", ("-wal", "-shm", "-journal"), True, str(n)) for n in range(1, 4)),
    *(("openat:error=EIO", ("", "-wal", "-shm"), False, str(n)) for n in range(1, 4)),
]
# strace counts for each thread: what is not read once is read no more in a new attempt either.
READS = [str(n) for n in range(1, 21)] if LONG else ["16"]
Case = tuple[str, tuple[str, ...], bool, str]

pytestmark = needs_strace


def named(case: Case) -> str:
    """Tell a case from others."""
    call, files, is_new, which = case
    return f"{call}-{'new' if is_new else 'old'}{','.join(files)}-{which}"


@pytest.fixture(scope="module")
def old_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with its schema, and nothing in it."""
    with Daemon(tmp_path_factory.mktemp("old") / "d") as daemon:
        daemon.stop()
        return daemon.db.read_bytes()


def stream(daemon: Daemon, name: str) -> Stream:
    """Send some events, in flight together; all are acked at last."""
    client = Stream(daemon, name)
    for count in (1, 3, 2):
        client.send(count)
        client.receive()
    client.close()
    return client


@pytest.mark.parametrize("case", EACH if LONG else SHORT, ids=named)
def test_a_call_that_fails_costs_nothing(tmp_path: Path, old_database: bytes, case: Case) -> None:
    """Whichever call fails once: acked is stored, nothing twice, orders 1..n, the file whole."""
    call, files, is_new, which = case
    folder = tmp_path / "d"
    folder.mkdir(mode=0o700)
    db = folder / "traced.db"
    if not is_new:
        db.touch(mode=0o600)
        db.write_bytes(old_database)
    paths = [db.with_name(db.name + suffix) for suffix in files]
    clients = []
    trace = tmp_path / "trace"
    around = strace(trace, [call.partition(":")[0]], inject=[f"{call}:when={which}"], paths=paths)
    faulty = Daemon(folder, around=[*around, "--seccomp-bpf"])
    with life(faulty) as came_up:
        if came_up:
            clients.append(stream(faulty, "faulty"))
            assert faulty.stop() == 0
    assert "(INJECTED)" in trace.read_text(), "nothing failed"
    assert logged(faulty, "writer_stalled") == logged(faulty, "writer_recovered")
    with life(Daemon(folder)) as came_up:
        assert came_up, "nothing fails any more"
        clients.append(stream(faulty, "sound"))
        steps = faulty.steps()
    check_steps(steps, [answer for client in clients for answer in client.told.values()])
    sent = [event_id for client in clients for event_id in client.sent]
    assert sorted(step["event_id"] for step in steps) == sorted(sent)
    check_file(db)


@pytest.mark.parametrize("which", READS)
def test_a_page_that_cannot_be_read_costs_nothing(
    tmp_path: Path, old_database: bytes, which: str
) -> None:
    """What waits for a disk that reads again is handed on at the stop, and the database stays."""
    folder = tmp_path / "d"
    folder.mkdir(mode=0o700)
    db = folder / "traced.db"
    db.touch(mode=0o600)
    db.write_bytes(old_database)
    paths = [db, db.with_name("traced.db-wal")]
    trace = tmp_path / "trace"
    around = strace(trace, ["pread64"], inject=[f"pread64:error=EIO:when={which}"], paths=paths)
    faulty = Daemon(folder, around=[*around, "--seccomp-bpf"])
    faulty.settings["TRACED_DRAIN_SECONDS_MAX"] = "1"
    sent: list[str] = []
    told: list[Row] = []
    with life(faulty) as came_up:
        if came_up:
            client = Stream(faulty, "faulty")
            client.send(6)
            sent = client.sent
            wait_until(
                lambda: client.hears() or logged(faulty, "writer_stalled") > 1,
                "acks, or a second attempt that fails as well",
            )
            if client.hears():
                client.receive()
            told = list(client.told.values())
            client.close()
            faulty.stop()
    assert "(INJECTED)" in trace.read_text(), "nothing failed"
    with Daemon(folder) as sound:
        wait_until(lambda: len(sound.steps()) == len(sent), "every event that was sent")
        check_steps(sound.steps(), told)
    assert not list(folder.glob("traced.db.corrupt*")), "a database that was not damaged"
    check_file(db)
