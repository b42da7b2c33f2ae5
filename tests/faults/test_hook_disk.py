import subprocess
from pathlib import Path

import pytest
from support.daemon import PYTHON
from support.strace import needs_strace, strace
from support.syscalls import moments

PAYLOAD = b'{"session_id":"s","hook_event_name":"Stop","text":"not to be told"}'
CALLS = ("write", "openat", "?rename", "?renameat", "sendto")
HOOK = subprocess.check_output(
    [PYTHON, "-c", "from traced.client import hook; print(hook.__file__)"], text=True
).strip()


@needs_strace
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("write:error=ENOSPC", b"No space left on device"),
        ("?rename,?renameat:error=ENOSPC", b"No space left on device"),
        ("?rename,?renameat:error=EROFS", b"Read-only file system"),
    ],
)
def test_a_spool_that_takes_nothing_is_told_to_syslog(
    tmp_path: Path, fault: str, why: bytes
) -> None:
    """With no daemon and a full spool syslog has one line, the spool nothing, the agent goes on."""
    spool = tmp_path / "spool"
    spool.mkdir(mode=0o700)
    trace = tmp_path / "trace"
    around = strace(trace, CALLS, inject=[fault], whole_data=True)
    places = ["--socket", str(tmp_path / "none.sock"), "--spool", str(spool)]

    run = subprocess.run(
        [*around, PYTHON, "-ISE", HOOK, *places],
        input=PAYLOAD,
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    assert list(spool.glob("[0-9]*")) == []
    lines = {call.data for what, call in moments(trace) if (what, call.name) == ("begin", "sendto")}
    (line,) = lines  # it is tried at two addresses
    assert b"lost event" in line
    assert why in line
    assert b"not to be told" not in line
