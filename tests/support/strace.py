"""
strace around a daemon: what it asked of the kernel, and faults at an exact call.

A fault is `inject="pwrite64:error=EIO:when=3"` or `"fdatasync:signal=KILL:when=2"`; calls are
counted for each thread by itself, and only those that concern `paths` where some are named. The
daemon stays the direct child (-D), so that it can be signalled as ever.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

STRACE = shutil.which("strace")

needs_strace = pytest.mark.skipif(
    STRACE is None, reason="faults at an exact system call need strace, which is not on PATH"
)


def strace(
    output: Path,
    calls: Sequence[str],
    *,
    inject: Sequence[str] = (),
    paths: Sequence[Path] = (),
    whole_data: bool = False,
) -> list[str]:
    """
    Return the command to put around a daemon (`Daemon(around=...)`); its trace goes to `output`.

    Each line of the trace is `<thread id> <Unix seconds> <call>`, descriptors with their paths;
    with `whole_data` the bytes written are shown whole, in hexadecimal.
    """
    assert STRACE is not None
    command = [STRACE, "-D", "-f", "-y", "-ttt", "-qq", "-o", str(output)]
    command += ["-e", "trace=" + ",".join(calls), "-e", "signal=none"]
    if whole_data:
        command += ["-xx", "-s", str(64 << 20)]
    for fault in inject:
        command += ["-e", f"inject={fault}"]
    for path in paths:
        command += ["-P", str(path)]
    return command
