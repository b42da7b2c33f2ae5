from dataclasses import replace

import msgspec
import pytest
from support.rows import AT_EIGHT, START, STEP, entry, ran, second

from traced.cli.listing import (
    excerpt,
    found_line,
    rejected_lines,
    session_table,
    short_ids,
    stats_table,
    tail_line,
)
from traced.cli.screen import Screen
from traced.store.rows import RejectedEvent, StepStats
from traced.store.viewing import TitledSession

WIDE = Screen(width=100, encoding="utf-8", now_ms=START + 30_000, home="/home/dev")
NARROW = Screen(width=60, encoding="utf-8", now_ms=START + 30_000, home="/home/dev")
HOSTILE = "\x1b[2J\n\u202e"
EVENT = RejectedEvent(1, AT_EIGHT, "rejected", None, None, 1, "not_json", None, None, None)


def test_sessions_on_a_wide_screen() -> None:
    """A session has its short id, agent, folder, counts, length, last event and state."""
    ended = entry(
        prompts=3,
        session_id="0f3a9c12-5e1b",
        cwd="/home/dev/app",
        started_at=second(0),
        ended_at=second(12),
        last_event_at=second(25),
        steps=14,
        errors=1,
    )
    running = entry(running=1, session_id="b1b1b1b1-5e1b", agent="codex", steps=2)

    found = [TitledSession(ended, "Mend the build"), TitledSession(running, None)]
    assert [line.plain for line in session_table(WIDE, found)] == [
        "SESSION   AGENT        FOLDER  PROMPTS  STEPS  ERRORS  LENGTH  LAST EVENT",
        "0f3a9c12  claude-code  ~/app         3     14       1  12.0 s     5 s ago  ended",
        "b1b1b1b1  codex                      1      2       0            30 s ago  ▶ running",
    ]


def test_sessions_on_a_screen_with_room_for_what_they_were_about() -> None:
    """A hundred and ten cells have the first prompt too, cut where it ends."""
    screen = replace(WIDE, width=110)
    found = [TitledSession(entry(cwd="/home/dev/app"), "Mend the build\nand " + "then " * 20)]

    titles, row = (line.plain for line in session_table(screen, found))
    before = "s1       claude-code  ~/app         1      1       0            30 s ago  open  "
    assert row == before + "Mend the build\\nand then then…"
    assert titles.index("FIRST PROMPT") == len(before)


def test_sessions_on_a_narrow_screen() -> None:
    """Where room is short, columns are left out and of the folder its end is shown."""
    folder = "/srv/projects/with/a/long/way/down/frontend"
    shown = [line.plain for line in session_table(NARROW, [TitledSession(entry(cwd=folder), "x")])]

    assert shown == [
        "SESSION  FOLDER              STEPS  ERRORS  LAST EVENT",
        "s1       …way/down/frontend      1       0    30 s ago  open",
    ]


def test_short_ids_tell_sessions_apart() -> None:
    """An id is shown by its first eight characters, or as many as tell it from the others."""
    ids = ["0f3a9c12-5e1b", "session-1", "session-2", "s1", "0f3a9c12-5e1b"]

    assert short_ids(ids) == {
        "0f3a9c12-5e1b": "0f3a9c12",
        "session-1": "session-1",
        "session-2": "session-2",
        "s1": "s1",
    }
    assert short_ids(["abcdefghij", "abcdefghijk"]) == {
        "abcdefghij": "abcdefghij",
        "abcdefghijk": "abcdefghijk",
    }


def test_stats_are_a_table() -> None:
    """Each kind of step has its count, errors and durations."""
    stats = [
        StepStats("mcp", "search", "github", 12, 1, 3200.0, 9000.0, 60_000.0),
        StepStats("tool", "Bash", None, 1, 0, None, None, 0.0),
    ]

    assert [line.plain for line in stats_table(WIDE, stats)] == [
        "TYPE  NAME           COUNT  ERRORS    P50    P95       TOTAL",
        "mcp   github·search     12       1  3.2 s  9.0 s  1 min 00 s",
        "tool  Bash               1       0",
    ]


def test_rejected_events_say_why() -> None:
    """A rejected event has its time, reason and detail, then its origin, then what it was."""
    event = msgspec.structs.replace(
        EVENT, agent="custom", session_id="s1", detail="no {", raw='{"v":1\n', length=7
    )

    assert [line.plain for line in rejected_lines(WIDE, event)] == [
        "2027-01-15 08:00:00  rejected  not_json  no {",
        "    custom s1, 7 bytes",
        '    {"v":1\\n',
    ]


def test_discarded_events_are_counted() -> None:
    """A row that stands for many events says how many."""
    event = msgspec.structs.replace(EVENT, kind="discarded", reason="spool_full", count=12)
    (line,) = rejected_lines(WIDE, event)

    assert line.plain.rstrip() == "2027-01-15 08:00:00  discarded  spool_full  12 events"


def test_tail_shows_a_start_and_an_end() -> None:
    """A step that runs has the time of its start, one that ended that of its end."""
    running = tail_line(WIDE, ran(7, 5, None, input_summary="make")).plain
    ended = tail_line(WIDE, ran(7, 5, 20, input_summary="make")).plain

    assert running.startswith("08:00:05  s1          #7  tool     Bash                  make")
    assert running.endswith("     25.0 s ▶ running")
    assert ended.startswith("08:00:20  s1          #7  tool     Bash                  make")
    assert ended.endswith("     15.0 s ✓")


def test_tail_lines_line_up() -> None:
    """Every line of tail has its duration in the same column, for none knows the next."""
    steps = [
        ran(1, 0, 1),
        ran(123, 0, None, trace_type="command", name="x" * 50, session_id="y" * 50),
        msgspec.structs.replace(STEP, status="cancelled", name="日本語", input_summary="x" * 200),
    ]
    for screen in (WIDE, NARROW):
        lines = [tail_line(screen, step) for step in steps]
        glyphs = [screen.glyphs.status[step.status] for step in steps]
        ends = [
            line[: line.plain.rindex(glyph)].cell_len
            for line, glyph in zip(lines, glyphs, strict=True)
        ]
        assert len(set(ends)) == 1
        assert max(line.cell_len for line in lines) <= screen.width


def test_what_was_found_is_a_line() -> None:
    """A step that was found has its time, session, prompt, name and status, and what it says."""
    step = ran(7, 5, 20, session_id="6f1d2c3b-0000", input_summary="npm install")

    assert found_line(WIDE, step, "install").plain == (
        "2027-01-15 08:00:05  6f1d2c3b   1  Bash                  ✓ npm install"
    )


def test_an_excerpt_shows_the_word() -> None:
    """Of several texts the one with the word is shown, from shortly before it."""
    step = ran(1, 0, 1, input_summary="make test", error="x" * 100 + " the Needle is here")

    assert excerpt(step, "needle") == "x" * 7 + " the Needle is here"
    assert excerpt(step, "make needle") == "make test"
    assert excerpt(step, "elsewhere") == "make test"
    assert excerpt(ran(1, 0, 1), "bash") == ""


@pytest.mark.parametrize("screen", [WIDE, NARROW])
def test_lists_are_safe_to_show(screen: Screen) -> None:
    """In whatever column, text that steers a terminal is spelled out."""
    session = entry(session_id=HOSTILE, agent=HOSTILE, cwd=HOSTILE)
    step = ran(
        1, 0, 1, session_id=HOSTILE, name=HOSTILE, source=HOSTILE, trace_type="mcp",
        input_summary=HOSTILE,
    )  # fmt: skip
    event = msgspec.structs.replace(
        EVENT, agent=HOSTILE, session_id=HOSTILE, reason=HOSTILE, detail=HOSTILE, raw=HOSTILE
    )
    lines = [
        *session_table(screen, [TitledSession(session, HOSTILE)]),
        *stats_table(screen, [StepStats("mcp", HOSTILE, HOSTILE, 1, 0, 1.0, 1.0, 1.0)]),
        *rejected_lines(screen, event),
        tail_line(screen, step),
        found_line(screen, step, "x"),
    ]
    shown = "".join(line.plain for line in lines)

    assert not set(shown) & set(HOSTILE) - set("[2J")
    assert shown.count("\\x1b[2J\\n\\u202e") >= 5
