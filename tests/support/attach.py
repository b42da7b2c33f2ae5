"""strace put upon a daemon that already runs: system calls that fail from now on, until later."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemon import wait_until
from support.strace import STRACE


@contextmanager
def failing(pid: int, call: str, error: str, paths: Sequence[Path]) -> Iterator[None]:
    """Let every `call` of a process that concerns `paths` fail; skip where that is not allowed."""
    with injecting(pid, call, f"error={error}", paths):
        yield


@contextmanager
def injecting(pid: int, call: str, fault: str, paths: Sequence[Path]) -> Iterator[None]:
    """Do to every `call` that concerns `paths` what strace calls `fault` (``delay_enter=1s``)."""
    assert STRACE is not None
    command = [STRACE, "-f", "-qq", "-e", f"trace={call}", "-e", f"inject={call}:{fault}"]
    for path in paths:
        command += ["-P", str(path)]
    with tempfile.TemporaryFile() as told:
        tracer = subprocess.Popen([*command, "-o", "/dev/null", "-p", str(pid)], stderr=told)
        wait_until(lambda: tracer.poll() is not None or _is_traced(pid), "strace to attach")
        if tracer.poll() is not None:
            told.seek(0)
            pytest.skip(f"strace may not attach: {told.read().decode().strip()}")
        try:
            yield
        finally:
            tracer.kill()  # at SIGTERM it would wait for a delay, or a process that dies
            tracer.wait()


def _is_traced(pid: int) -> bool:
    tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/status")]
    return not any("\nTracerPid:\t0\n" in status for status in tasks)
