import msgspec
import pytest
from support.rows import AGENT, START, STEP, ran, second

from traced.cli import steps as words
from traced.cli.screen import Screen

WIDE = Screen(width=100, encoding="utf-8", now_ms=START + 30_000, home="")
NARROW = Screen(width=60, encoding="utf-8", now_ms=START + 30_000, home="")


def test_status_is_a_glyph_and_a_word() -> None:
    """A status has its glyph, and its word where it is not ok and there is room."""
    shown = [words.status_text(WIDE, status).plain for status in ("ok", "error", "running")]

    assert shown == ["✓", "✗ error", "▶ running"]
    assert words.status_text(NARROW, "denied").plain == "⊘"
    assert words.status_text(NARROW, "of the future").plain == "?"


def test_mcp_tools_are_named_with_their_server() -> None:
    """A tool of an MCP server is named behind it; where other steps come from is not."""
    columns = {"name": "search", "source": "github"}
    mcp = msgspec.structs.replace(STEP, trace_type="mcp", **columns)
    skill = msgspec.structs.replace(STEP, trace_type="skill", **columns)

    assert words.name(WIDE, mcp) == "github·search"
    assert words.name(WIDE, skill) == "search"


def test_length_of_a_running_step_grows() -> None:
    """A step that has ended took as long as it says; one that runs, as long as until now."""
    assert words.length_ms(WIDE, ran(1, 0, 2)) == 2000
    assert words.length_ms(WIDE, ran(1, 10, None)) == 20_000
    assert words.length_ms(WIDE, ran(1, 45, None)) == 0
    assert words.length_ms(WIDE, msgspec.structs.replace(STEP, status="running")) is None


@pytest.mark.parametrize(
    ("summary", "folder", "shown"),
    [
        ("/src/app/a.py", "/src/app", "a.py"),
        ("/src/app/a.py", "/src/app/", "a.py"),
        ("/src/apple/a.py", "/src/app", "/src/apple/a.py"),
        ("cat /src/app/a.py", "/src/app", "cat /src/app/a.py"),
        ("/src/app/a.py", None, "/src/app/a.py"),
        (None, "/src/app", ""),
    ],
)
def test_paths_are_shown_from_the_sessions_folder(
    summary: str | None, folder: str | None, shown: str
) -> None:
    """A path in the session's folder is shown without it; anything else as it is."""
    assert words.summary(msgspec.structs.replace(STEP, input_summary=summary), folder) == shown


def test_the_end_of_a_path_is_kept() -> None:
    """A path that does not fit loses its beginning, a command its end."""
    assert words.cut_summary(WIDE, "/src/app/clock.ts", 10) == "…/clock.ts"
    assert words.cut_summary(WIDE, "/bin/ls -l /src", 10) == "/bin/ls -…"


def test_errors_are_one_line() -> None:
    """An error is shown in one line without its blank ones, for its first says little."""
    step = msgspec.structs.replace(STEP, error="Exit code 1\n\n  FAIL a.py\n")

    assert words.error_line(WIDE, step) == "Exit code 1 · FAIL a.py"
    assert words.error_line(WIDE, STEP) == ""


def test_a_wait_for_permission_is_noted() -> None:
    """How long the user was waited for is told, but not an agent's own moment."""
    waited = msgspec.structs.replace(STEP, permission_wait_ms=6000.0)
    passed = msgspec.structs.replace(STEP, permission_wait_ms=20.0)

    assert list(words.notes(WIDE, waited, None)) == ["(+6.0 s waiting for permission)"]
    assert list(words.notes(WIDE, passed, None)) == []


def test_a_sub_agent_that_outlives_its_call_is_noted() -> None:
    """What goes on in the background after its call, or ended later, is told at the call."""
    call = ran(1, 0, 1, child_agent_id="a1")
    running = msgspec.structs.replace(AGENT, status="running", started_at=second(1))
    later = msgspec.structs.replace(AGENT, ended_at=second(13))
    at_once = msgspec.structs.replace(AGENT, ended_at=second(1.2))

    assert list(words.notes(WIDE, call, running)) == ["(sub-agent still running, 29.0 s)"]
    assert list(words.notes(WIDE, call, later)) == ["(sub-agent ended 12.0 s after its call)"]
    assert list(words.notes(WIDE, call, at_once)) == []
    assert list(words.notes(WIDE, ran(1, 0, None), running)) == []
