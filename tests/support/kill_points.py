"""
Kill a process as it enters the n-th system call of a kind, for every n until it survives.

`make test` tries one kind and one n of each scenario, chosen by a seed; `make torture` all of them.
"""

import os
import random
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest

from support.strace import STRACE

EVERY = "TRACED_TORTURE_KILLS" in os.environ
SEED = int(os.environ.get("TRACED_TORTURE_SEED", "20261122"))
WHEN_MAX = 3  # in the short form; where there are fewer such calls, less
UNLINK = "/^unlink(at)?$"  # as strace names both
T = TypeVar("T")

only_every = pytest.mark.skipif(not EVERY, reason="tried by make torture alone: it takes a while")


def kinds(*known: T) -> Sequence[T]:
    """Return the kinds of kill to try: all that are known, or one that the seed chooses."""
    return known if EVERY else [random.Random(f"{SEED} {len(known)}").choice(known)]


def kill_at_each(attempt: Callable[[int], bool]) -> None:
    """
    Call `attempt(n)`, which tells whether the n-th call was its end, until that was not twice.

    Each attempt checks for itself what the kill left behind. Twice, for a client that streams may
    have nothing under way at the instant.
    """
    if not EVERY:
        first = random.Random(SEED).randint(1, WHEN_MAX)
        whens = [*range(first, 0, -1), 1]
        assert any(attempt(when) for when in whens), "nothing was killed"
        return
    for when in count(1):
        if not attempt(when) and not attempt(when):
            assert when > 1, "nothing was killed"
            print(f"{when - 1} kill points")  # noqa: T201  # pytest -rP shows it
            return


def new_folder(within: Path) -> Path:
    """Return a folder for one attempt."""
    return Path(tempfile.mkdtemp(dir=within))


def fault(call: str, when: int) -> str:
    """Return strace's name for a kill on entering the `when`-th such call."""
    return f"{call}:signal=KILL:when={when}"


@contextmanager
def dies_at(pid: int, call: str, when: int, paths: Sequence[Path] = ()) -> Iterator[None]:
    """Let a running process be killed at its `when`-th such call from now on, on these paths."""
    assert STRACE is not None
    command = [STRACE, "-f", "-o", os.devnull, "-e", f"trace={call}"]
    command += ["-e", f"inject={fault(call, when)}", "-p", str(pid)]
    for path in paths:
        command += ["-P", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        for told in tracer.stderr:
            if re.search(r"Process \d+ attached", told):
                break
        else:
            pytest.skip("strace may not attach to a running process")
        try:
            yield
        finally:
            # Terminated, it hangs where its process dies as it lets go; killed, the kernel lets go.
            tracer.kill()
