import io
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from structlog.typing import EventDict

from traced.logs import RepeatFilter, configure, set_level, tell_missing


class Terminal(io.StringIO):
    """Somebody who watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def _configuration_ends_here() -> Iterator[None]:
    """Leave the log as other tests expect it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if the tests themselves run under systemd."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)


def written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines that were written to stderr, which is no terminal."""
    return capsys.readouterr().err.splitlines()


def test_a_file_gets_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, with time, level and event."""
    configure("auto", "info")
    structlog.get_logger().warning("spool_file_left", why="it has 2 links")
    line = json.loads(written(capsys)[0])

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {"event": "spool_file_left", "level": "warning", "why": "it has 2 links"}


def test_a_terminal_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form for people, in color where they want it."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.delenv("NO_COLOR", raising=False)
    configure("auto", "info")
    structlog.get_logger().info("ready", socket="/s")

    assert "ready" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()


def test_a_terminal_gets_no_color_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR is what people set for that."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("NO_COLOR", "1")
    configure("auto", "info")
    structlog.get_logger().info("ready")

    assert "\x1b[" not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3)]
)
def test_the_journal_gets_priorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, priority: int
) -> None:
    """Under systemd each line begins with the priority of syslog, then JSON."""
    with (tmp_path / "journal").open("w+") as stream:
        stream_id = os.fstat(stream.fileno())
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("JOURNAL_STREAM", f"{stream_id.st_dev}:{stream_id.st_ino}")
        configure("auto", "debug")
        getattr(structlog.get_logger(), level)("x")
        stream.seek(0)
        line = stream.readline()

    assert line.startswith(f"<{priority}>")
    assert json.loads(line[3:])["event"] == "x"


def test_another_ones_journal_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that systemd started hands the variable on; a file gets no priorities."""
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    with (tmp_path / "log").open("w+") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        configure("auto", "info")
        structlog.get_logger().info("x")
        stream.seek(0)

        assert json.loads(stream.readline())["event"] == "x"


def test_the_form_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stderr is."""
    configure("text", "info")
    structlog.get_logger().info("ready")

    assert not written(capsys)[0].startswith("{")


def test_what_is_below_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """The level is the least that is told."""
    configure("json", "warning")
    structlog.get_logger().info("ready")
    structlog.get_logger().warning("x")

    assert [json.loads(line)["event"] for line in written(capsys)] == ["x"]


def test_a_logger_made_before_is_configured_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Modules make theirs at import."""
    log = structlog.get_logger()
    configure("json", "info")
    log.info("x")

    assert json.loads(written(capsys)[0])["event"] == "x"


def test_the_level_can_be_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """Also for a logger that was made before; the form stays, and what repeats goes on counting."""
    log = structlog.get_logger()
    configure("json", "error")
    for _ in range(10):
        log.error("x")
    log.info("unheard")
    set_level("info")
    log.error("x")
    log.info("heard")

    told = [json.loads(line)["event"] for line in written(capsys)]
    assert told == ["x"] * 10 + ["heard"]


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(5, "Input/output error")])
def test_a_reader_who_went_away_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    """A closed pipe or terminal raises nothing where something is logged."""

    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise error

    monkeypatch.setattr("sys.stderr", Closed())
    configure("json", "info")

    structlog.get_logger().error("x")


def test_a_closed_stream_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one that this process closed."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure("json", "info")
    stream.close()

    structlog.get_logger().error("x")


def passed(repeats: RepeatFilter, events: list[str]) -> list[EventDict]:
    """Return those of some events that are let through."""
    through = []
    for event in events:
        try:
            through.append(repeats(None, "info", {"event": event}))
        except structlog.DropEvent:
            continue
    return through


def test_repeats_are_held_back() -> None:
    """Of one event the first lines are told; of another one that says nothing."""
    repeats = RepeatFilter(repeats_max=2)

    told = passed(repeats, ["a"] * 5 + ["b"] * 5)

    assert [line["event"] for line in told] == ["a", "a", "b", "b"]


def test_debug_is_told_whole() -> None:
    """Who asks for each batch gets each batch."""
    repeats = RepeatFilter(repeats_max=2)

    told = [repeats(None, "debug", {"event": "a"}) for _ in range(5)]

    assert len(told) == 5


def test_repeats_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next line after a while says how many were held back, and the count begins anew."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    repeats = RepeatFilter(repeats_max=2, seconds=60)
    passed(repeats, ["a"] * 5)
    now = 61.0

    assert passed(repeats, ["a", "a"]) == [{"event": "a", "repeats_hidden": 3}, {"event": "a"}]
    now = 130.0
    assert passed(repeats, ["a"]) == [{"event": "a"}]


def test_a_flood_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    """A thousand refused peers are a few lines."""
    configure("json", "info")
    for _ in range(1000):
        structlog.get_logger().warning("peer_refused", uid=1)

    assert len(written(capsys)) == 10


def test_lines_that_are_missing_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the level: an error may have been among them."""
    configure("json", "error")
    tell_missing(3)

    (line,) = map(json.loads, written(capsys))
    assert (line["event"], line["count"]) == ("log_lines_missing", 3)
