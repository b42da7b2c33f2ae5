"""
The soak: traced for an hour as in a bad week, and a verdict.

`make soak` runs an hour; TRACED_SOAK_SECONDS, TRACED_SOAK_RATE and TRACED_SOAK_SEED change it, and
what TRACED_SOAK_FOLDER names is kept. An hour's database is about a gigabyte. Run it with `-s` to
see the table grow.
"""

import os
from pathlib import Path

import pytest
from soak.run import Soak
from support.proc import needs_proc

SECONDS = float(os.environ.get("TRACED_SOAK_SECONDS", "0"))
RATE = float(os.environ.get("TRACED_SOAK_RATE", "2000"))
FOLDER = os.environ.get("TRACED_SOAK_FOLDER")
SEED = int(os.environ.get("TRACED_SOAK_SEED", "20261122"))


def say(line: str) -> None:
    """Print a line at once: who watches a soak waits for its next row."""
    print(line, flush=True)  # noqa: T201  # the table is what a soak is for


@needs_proc
@pytest.mark.skipif(SECONDS <= 0, reason="takes as long as TRACED_SOAK_SECONDS says: make soak")
@pytest.mark.timeout(SECONDS * 2 + 600)
def test_nothing_is_lost_and_nothing_grows(short_folder: Path) -> None:
    """Under load and faults all that was acked is stored once and in order, and use stays flat."""
    findings = Soak(Path(FOLDER or short_folder / "d"), SECONDS, RATE, SEED, say).run()
    for finding in findings:
        say(str(finding))

    assert [str(finding) for finding in findings if not finding.holds] == []
