from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.index import BLOCK, bring_up_to_date, counted, impatient
from support.rows import START, Recording

from traced.store.index.indexer import Indexer
from traced.store.index.stats import stats_of_session
from traced.store.reader import open_reader
from traced.store.rows import StepStats

HOUR_MS = 3_600_000


def test_stats_are_by_nearest_rank(recording: Recording) -> None:
    """Figures of few steps are exact; steps without a duration count, but have no rank."""
    pk = recording.session()
    for order in range(1, 21):
        status = "error" if order > 18 else "ok"
        recording.step(pk, order, duration_ms=order, status=status)
    recording.step(pk, 21)

    assert counted(recording.path) == [StepStats("tool", "Bash", None, 21, 2, 10.0, 19.0, 210.0)]


def test_stats_without_durations(recording: Recording) -> None:
    """What never had a duration has no percentiles, and a total of nothing."""
    recording.step(recording.session(), 1)

    assert counted(recording.path) == [StepStats("tool", "Bash", None, 1, 0, None, None, 0.0)]


def test_stats_tell_servers_apart(recording: Recording) -> None:
    """Tools of one name are one kind, but those of two MCP servers; the longest total is first."""
    pk = recording.session()
    for order, (kind, source, duration) in enumerate(
        (("mcp", "a", 5), ("mcp", "b", 50), ("tool", "a", 1), ("tool", "b", 1)), 1
    ):
        recording.step(pk, order, trace_type=kind, name="n", source=source, duration_ms=duration)

    for _ in range(2):
        assert [(each.trace_type, each.source, each.count) for each in counted(recording.path)] == [
            ("mcp", "b", 1),
            ("mcp", "a", 1),
            ("tool", None, 2),
        ]
        recording.skip(BLOCK)
        bring_up_to_date(recording.path)


def test_stats_of_one_agent(recording: Recording) -> None:
    """An agent's name leaves only its own steps, counted before or not."""
    for agent in ("a", "b"):
        recording.step(recording.session(agent=agent), 1, name=agent)

    for _ in range(2):
        assert [each.name for each in counted(recording.path, agent="b")] == ["b"]
        recording.skip(BLOCK)
        bring_up_to_date(recording.path)


def test_stats_since_a_time(recording: Recording) -> None:
    """A step ran when it started, else when it ended, else when it was recorded."""
    pk = recording.session()
    times = (
        {"started_at": START, "ended_at": START + 9},
        {"ended_at": START + 1},
        {"created_at": START + 2},
        {"started_at": START + 3, "ended_at": START + 3, "created_at": START - HOUR_MS},
    )
    for order, columns in enumerate(times, 1):
        recording.step(pk, order, name=f"n{order}", **columns)

    for _ in range(2):
        for later in range(5):
            names = {each.name for each in counted(recording.path, START + later)}
            assert names == {f"n{order}" for order in range(1, 5) if order > later}
        recording.skip(BLOCK)
        bring_up_to_date(recording.path)


def test_an_empty_database_has_no_figures(recording: Recording) -> None:
    """Before the first step there are none."""
    assert counted(recording.path) == []


# --- any history ------------------------------------------------------------------------------


class Deed(NamedTuple):
    """Something that happens: to a step, or so many slices of the indexer."""

    kind: str
    step: int
    name: str
    status: str
    hour: int
    duration_ms: float | None
    gap: int


deeds = st.builds(
    Deed,
    st.sampled_from(("add", "add", "add", "change", "remove", "work")),
    st.integers(0, 9),
    st.sampled_from(("a", "b")),
    st.sampled_from(("ok", "error")),
    st.integers(0, 4),
    st.none() | st.floats(0, 1e6),
    st.sampled_from((0, 1, 5000, BLOCK, 4 * BLOCK)),
)


class Ran(NamedTuple):
    """What the model knows of a step."""

    name: str
    failed: bool
    at: int
    duration_ms: float | None


def rank(durations: list[float], percent: int) -> float:
    """Return a percentile by nearest rank."""
    return sorted(durations)[(len(durations) * percent + 99) // 100 - 1]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(deeds, max_size=40), since=st.none() | st.integers(0, 4))
def test_stats_are_those_of_the_steps(
    tmp_path_factory: pytest.TempPathFactory, history: Sequence[Deed], since: int | None
) -> None:
    """Whatever happened in between, counts are exact, totals too, and percentiles within 5 %."""
    path = tmp_path_factory.mktemp("h") / "traced.db"
    steps = play(path, history)
    since_ms = None if since is None else START + since * HOUR_MS
    figures = {each.name: each for each in counted(path, since_ms)}
    kinds: dict[str, list[Ran]] = defaultdict(list)
    for ran in steps.values():
        if since_ms is None or ran.at >= since_ms:
            kinds[ran.name].append(ran)

    assert figures.keys() == kinds.keys()
    for name, runs in kinds.items():
        told = figures[name]
        durations = [ran.duration_ms for ran in runs if ran.duration_ms is not None]
        assert (told.count, told.errors) == (len(runs), sum(ran.failed for ran in runs))
        assert told.total_ms == pytest.approx(sum(durations))
        if durations:
            # Durations are told in whole microseconds at least.
            assert told.p50_ms == pytest.approx(rank(durations, 50), rel=0.0501, abs=0.001)
            assert told.p95_ms == pytest.approx(rank(durations, 95), rel=0.0501, abs=0.001)


def play(path: Path, history: Sequence[Deed]) -> dict[int, Ran]:
    """Let a history happen to a database and its companion; return the steps that are left."""
    recording, indexer = Recording(path), Indexer(path, impatient())
    pks = [recording.session(f"s{number}") for number in range(3)]
    of: dict[int, int] = {}
    steps: dict[int, Ran] = {}
    for order, deed in enumerate(history, 1):
        ran = Ran(deed.name, deed.status == "error", START + deed.hour * HOUR_MS, deed.duration_ms)
        columns = {
            "name": ran.name,
            "status": deed.status,
            "started_at": ran.at,
            "duration_ms": ran.duration_ms,
        }
        known = sorted(steps)
        chosen = known[deed.step % len(known)] if known else None
        if deed.kind == "work":
            for _ in range(deed.step + 1):
                indexer.work()
        elif deed.kind == "add":
            step = recording.step(pks[deed.step % 3], order, **columns)
            steps[step], of[step] = ran, pks[deed.step % 3]
            recording.skip(deed.gap)
        elif chosen is not None and deed.kind == "change":
            recording.change(chosen, **columns)
            steps[chosen] = ran
        elif deed.kind == "remove":
            gone, pks[deed.step % 3] = pks[deed.step % 3], recording.session(f"after {order}")
            recording.remove(gone, whole=bool(deed.gap))
            steps = {step: ran for step, ran in steps.items() if of[step] != gone}
    indexer.close()
    recording.connection.close()
    return steps


def test_stats_of_one_session(recording: Recording) -> None:
    """A session's figures are its own, exact, and need no companion."""
    pk = recording.session()
    for order, duration in enumerate((10, 20, 30), 1):
        recording.step(pk, order, duration_ms=duration, status="error" if order == 3 else "ok")
    recording.step(recording.session("s2"), 1, duration_ms=5)

    with closing(open_reader(recording.path)) as reader:
        found = stats_of_session(reader, pk)

    assert found == [StepStats("tool", "Bash", None, 3, 1, 20.0, 30.0, 60.0)]
