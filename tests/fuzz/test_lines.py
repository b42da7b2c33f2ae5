"""
Mutated lines through everything that a line goes through, in one process: `make fuzz` runs many.

A failure names its seed and its lines; TRACED_FUZZ_SEED, TRACED_FUZZ_FIRST and TRACED_FUZZ_LINES
play them again.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.fuzz_room import FuzzRoom
from support.honest_lines import honest_lines, payloads
from support.mutate import Mutator

from traced.agents.registry import ADAPTERS
from traced.core.capture import CaptureMode

LINES = int(os.environ.get("TRACED_FUZZ_LINES", "3000"))
SEED = os.environ.get("TRACED_FUZZ_SEED", "20261122")
FIRST = int(os.environ.get("TRACED_FUZZ_FIRST", "0"))
LINES_AT_ONCE = 50  # more lines, fewer commits; fewer lines, fewer to look at when it fails
LINES_A_DATABASE = min(9000, -(-LINES // 3))  # of 10,000 rejected ones at most each has a row
MODES: Sequence[CaptureMode] = ("summary", "full", "metadata")


def cut(numbers: range, length: int) -> list[range]:
    """Cut a range into ranges of at most this length."""
    return [
        range(start, min(start + length, numbers.stop))
        for start in range(numbers.start, numbers.stop, length)
    ]


@contextmanager
def told(numbers: range, lines: Sequence[bytes], mode: CaptureMode, folder: Path) -> Iterator[None]:
    """Say of a failure how to play it again, and which line fails by itself, if one does."""
    try:
        yield
    except Exception as error:
        again = f"TRACED_FUZZ_SEED={SEED} TRACED_FUZZ_FIRST={numbers.start}"
        note = [f"lines {numbers.start} to {numbers.stop - 1} in mode {mode}, again with {again}"]
        for number, line in zip(numbers, lines, strict=False):
            try:
                with FuzzRoom(folder / f"{number}.db", mode) as room:
                    room.take([line], [line + b"\n"])
            except Exception as alone:  # noqa: BLE001  # whatever it is, it is told
                note.append(f"line {number} alone fails ({alone!r}): {line[:4000]!r}")
                break
        error.add_note("\n".join(note))
        raise


@pytest.mark.timeout(3600)
def test_each_line_has_one_outcome_whatever_it_holds(tmp_path: Path) -> None:
    """No line raises, none disappears, a rejected one is told why, and no secret is written."""
    mutator = Mutator(SEED, honest_lines())
    for turn, numbers in enumerate(cut(range(FIRST, FIRST + LINES), LINES_A_DATABASE)):
        mode = MODES[turn % len(MODES)]
        db = tmp_path / f"{turn}.db"
        with FuzzRoom(db, mode) as room, told(numbers, [], mode, tmp_path):
            for some in cut(numbers, LINES_AT_ONCE):
                lines = [mutator.line(number) for number in some]
                with told(some, lines, mode, tmp_path):
                    room.take(lines, mutator.chunks(b"".join(line + b"\n" for line in lines)))
            room.check()
        db.unlink()


def test_every_adapter_is_fuzzed() -> None:
    """Each agent of the registry has payloads in tests/fixtures, which the mutations start from."""
    assert {agent for agent, _ in payloads()} == set(ADAPTERS)
