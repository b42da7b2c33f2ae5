from traced.store.viewing import Kind, Notable
from traced.web.pages.charts import charts

BASH = Kind("tool", "Bash", None, 8, 1, 800.0)
READ = Kind("tool", "Read", None, 2, 0, 20.0)


def notable(is_slow: int, duration_ms: float | None) -> Notable:
    """Return a step that took so long, or that failed."""
    return Notable(is_slow, 1, 1, "tool", "Bash", None, "ok", "ls", duration_ms)


def test_a_bar_is_a_share_of_the_largest() -> None:
    """What was called most fills its chart."""
    assert [bar.width for bar in charts([BASH, READ], []).kinds] == ["100.0%", "25.0%"]


def test_slow_and_failed_are_apart() -> None:
    """The slowest have bars by their length; those that failed are a list."""
    slow, quick, failed = notable(1, 200.0), notable(1, 50.0), notable(0, None)

    drawn = charts([], [slow, quick, failed])

    assert [(bar.of, bar.width) for bar in drawn.slowest] == [(slow, "100.0%"), (quick, "25.0%")]
    assert drawn.failed == [failed]


def test_no_time_at_all_is_drawn() -> None:
    """A longest step of 0 ms is not divided by."""
    assert [bar.width for bar in charts([], [notable(1, 0.0)]).slowest] == ["1.0%"]
