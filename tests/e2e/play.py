"""
Scenarios played by the real program, with traced and without, and what came of them.

Law: both plays have the same files, the same scripts and the same hooks of others; so what differs
between them is of traced's making, or differs between any two plays and is blanked here.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.claude import Bench, Program
from e2e.running import Outcome
from e2e.scenario import Scenario
from e2e.scripts import Json
from support.daemon import Daemon

from traced.install.claude_code import Version, events_for

# What is never the same twice: ids, times and what they cost.
BLANKED = (
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    re.compile(r"\ba[0-9a-f]{6}(?:[0-9a-f]{10})?\b"),  # a sub-agent's id
    re.compile(r"\bb[0-9a-z]{8}\b"),  # a background task's
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    re.compile(r"(?<=duration_ms[:>])\s?\d+"),
)
VOLATILE = re.compile(
    r"uuid|run_?[iI]d|task_id|messaging_socket_path|timestamp|end_time|.*_ms|.*DurationMs"
    r"|cache_control|usage|modelUsage|total_cost_usd"
)
# Which of two parallel results it is put behind depends on which call ended last.
REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


@dataclass(frozen=True)
class Play:
    """One play of a scenario, which has ended."""

    scenario: Scenario
    bench: Bench
    outcomes: list[Outcome]

    @property
    def lines(self) -> list[Json]:
        """What the program printed in all runs."""
        return [line for outcome in self.outcomes for line in outcome.lines]

    @property
    def printed(self) -> list[str]:
        """What the program printed but of hooks, without what never is the same, sorted."""
        return sorted(self.blank(line) for line in self.lines if not is_of_hook(line))

    @property
    def asked(self) -> list[str]:
        """What the model was sent, request by request without what never is the same, sorted."""
        return sorted(self.blank(request["messages"]) for request in self.bench.stand_in.requests)

    @property
    def transcript(self) -> list[Json]:
        """The lines in which the program keeps its sessions and sub-agents."""
        files = (self.bench.home / ".claude" / "projects").rglob("*.jsonl")
        return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]

    def blank(self, value: Any) -> str:
        """Return a JSON value as text without what is never the same twice."""
        text = json.dumps(stable(value), sort_keys=True)
        text = text.replace(str(self.bench.folder), "")
        text = text.replace(re.sub(r"[^A-Za-z0-9]", "-", str(self.bench.folder)), "")
        for pattern in BLANKED:
            text = pattern.sub("", text)
        return text


def is_of_hook(line: Json) -> bool:
    """Tell whether a printed line says that a hook began or ended, as 2.1 does at SessionStart."""
    return line.get("subtype") in {"hook_started", "hook_response"}


def stable(value: Any) -> Any:
    """
    Return a JSON value without the keys whose values are never the same twice.

    Results of parallel calls are sorted: they are sent in the order in which the calls ended.
    """
    if isinstance(value, dict):
        return {key: stable(each) for key, each in value.items() if not VOLATILE.fullmatch(key)}
    if isinstance(value, str):
        return REMINDER.sub("", value).strip()
    if not isinstance(value, list):
        return value
    if all(isinstance(each, dict) and each.get("type") == "tool_result" for each in value):
        value = sorted(value, key=lambda result: str(result["tool_use_id"]))
    return [stable(each) for each in value]


def events_of(program: Program) -> tuple[str, ...]:
    """Return the events to which traced subscribes."""
    major, minor, patch = program.version
    return events_for(Version(major, minor, patch))


def play(scenario: Scenario, bench: Bench, daemon: Daemon | None) -> Play:
    """Play a scenario to its end, recorded by a daemon or by none."""
    bench.write(scenario.files)
    bench.expect_hooks_of_others(events_of(bench.program))
    if daemon is not None:
        bench.install(daemon)
    outcomes: list[Outcome] = []
    for run in scenario.starts:
        first = () if outcomes else ("--session-id", "@session")
        outcomes.append(bench.run(*first, *run.flags, stdin=run.prompt.encode()))
    return Play(scenario, bench, outcomes)


@contextmanager
def played(
    scenario: Scenario, program: Program, folder: Path, daemon: Daemon
) -> Iterator[tuple[Play, Play]]:
    """Play a scenario with traced and without, at the same time; return both."""
    with ExitStack() as stack:
        recorded, baseline = (
            stack.enter_context(Bench(folder / name, program, scenario.scripts))
            for name in ("recorded", "baseline")
        )
        with ThreadPoolExecutor() as pool:
            plays = [
                pool.submit(play, scenario, recorded, daemon),
                pool.submit(play, scenario, baseline, None),
            ]
        yield plays[0].result(), plays[1].result()
