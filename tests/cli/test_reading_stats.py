import json
import subprocess
from collections.abc import Callable
from typing import Any

from support.rows import START, Recording

Traced = Callable[..., subprocess.CompletedProcess[str]]


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what a command printed as JSON."""
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def test_stats_of_some(recording: Recording, traced: Traced) -> None:
    """Figures can be asked for since a time, and of one agent; nothing says how to get more."""
    for agent, moment in (("codex", START), ("claude-code", START - 1)):
        recording.step(recording.session(agent=agent), 1, name=agent, started_at=moment)
    since = ("--since", "2027-01-15T08:00:00Z")

    names = [row["name"] for row in document(traced("stats", "--json", *since))["stats"]]
    assert names == ["codex"]
    assert "codex" not in traced("stats", "--agent", "claude-code").stdout
    nothing = traced("stats", "--agent", "claude-code", *since)
    assert (nothing.stdout, nothing.returncode) == ("", 0)
    assert "`traced stats` alone counts all" in nothing.stderr


def test_stats_since_nonsense(recording: Recording, traced: Traced) -> None:
    """A time that cannot be read is wrong usage, and the message says what can."""
    recording.session()
    refused = traced("stats", "--since", "yesterday")

    assert refused.returncode == 2
    assert "'yesterday', expected 90s, 15m, 24h, 7d or a date" in refused.stderr
