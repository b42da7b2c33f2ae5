import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import AGENT, PROMPT, SESSION, START, entry, ran, second

from traced.cli.cards import cards
from traced.cli.render import session_lines
from traced.cli.screen import Screen
from traced.store.rows import Agent, Prompt, SessionEntry, Step

ASKED = msgspec.structs.replace(PROMPT, started_at=second(0), ended_at=second(10))


def lines(
    steps: Sequence[Step],
    *,
    prompt: Prompt = ASKED,
    agents: Sequence[Agent] = (),
    session: SessionEntry | None = None,
    width: int = 80,
    encoding: str = "utf-8",
    whole: bool = False,
) -> list[str]:
    """Return the lines of a session with one prompt, as a person sees them."""
    screen = Screen(width=width, encoding=encoding, now_ms=START + 30_000, home="/home/dev")
    found = cards(SESSION, [prompt], steps, agents)
    shown = session_lines(screen, session or entry(started_at=second(0)), found, whole=whole)
    return [line.plain.rstrip() for line in shown]


def card(steps: Sequence[Step], **options: Any) -> str:
    """Return the prompt's own line."""
    shown = lines(steps, **options)
    return shown[shown.index("") + 1]


def body(steps: Sequence[Step], **options: Any) -> list[str]:
    """Return the lines below the prompt's own."""
    shown = lines(steps, **options)
    return shown[shown.index("") + 2 :]


# --- header and card --------------------------------------------------------------------------


def test_header_says_what_the_session_is() -> None:
    """Agent, id, folder, model, when and how much stand above everything."""
    session = entry(
        prompts=2,
        running=1,
        session_id="0f3a9c12-5e1b",
        cwd="/home/dev/app",
        model="sonnet",
        started_at=second(0),
        ended_at=second(12),
        end_reason="exit",
        steps=3,
        errors=1,
        input_tokens=1200,
    )

    assert lines([], session=session)[:7] == [
        "claude-code",
        "0f3a9c12-5e1b",
        "in ~/app",
        "with sonnet",
        "started 2027-01-15 08:00:00, ended 12.0 s later (exit)",
        "2 prompts, 3 steps, 1 error, 1 running",
        "tokens: 1,200 in",
    ]


def test_a_prompts_tokens_are_told_on_request() -> None:
    """With everything, a prompt's line is followed by what it used."""
    asked = msgspec.structs.replace(ASKED, output_tokens=90)
    assert body([], prompt=asked, whole=True) == ["  tokens: 90 out"]


def test_an_open_session_says_when_it_was_last_heard_of() -> None:
    """Of a session without an end the last event is told, for it may have been killed."""
    session = entry(started_at=second(0), last_event_at=second(25))

    assert (
        lines([], session=session)[2]
        == "started 2027-01-15 08:00:00, not ended, last event 5 s ago"
    )


def test_a_card_says_what_was_asked_and_how_much_ran() -> None:
    """A prompt's line has number, time, text, duration, steps and errors, the last at the edge."""
    line = card([ran(1, 0, 1), ran(2, 1, 2, status="error")])

    assert line == '#1 08:00:00  "Fix the test"' + " " * 29 + "10.0 s  2 steps  1 error"
    assert len(line) == 80


def test_a_card_on_a_narrow_screen_leaves_out_the_count() -> None:
    """Where room is short the prompt's text goes before the number of its steps."""
    assert card([ran(1, 0, 1)], width=60) == '#1 08:00:00  "Fix the test"' + " " * 27 + "10.0 s"


def test_a_card_with_a_running_step_counts_on() -> None:
    """While a step runs the prompt's time is that until now."""
    running = msgspec.structs.replace(ASKED, ended_at=None)

    assert card([ran(1, 5, None)], prompt=running).endswith("  ▶ 30.0 s  1 step")


def test_a_prompt_of_the_agent_says_so() -> None:
    """What the agent submitted itself is told apart from what its user asked."""
    by_agent = msgspec.structs.replace(ASKED, source="agent")

    assert 'by the agent: "Fix the test"' in card([], prompt=by_agent)


def test_a_prompt_of_another_day_says_the_date() -> None:
    """A prompt's date is told where it is not that of the session's start."""
    late = msgspec.structs.replace(PROMPT, started_at="2027-01-16T09:00:00.000Z")

    assert card([], prompt=late).startswith("#1 2027-01-16 09:00:00  ")


def test_prompt_0_is_what_came_first() -> None:
    """What ran before any prompt has a line that says so; a text that was not kept too."""
    nothing = msgspec.structs.replace(PROMPT, prompt_number=0, summary=None)
    no_text = msgspec.structs.replace(PROMPT, summary=None)

    assert "#0  outside any prompt" in card([], prompt=nothing)
    assert "#1  (no text)" in card([], prompt=no_text)


# --- the tree ---------------------------------------------------------------------------------


def test_columns_line_up() -> None:
    """Type, name, summary, duration and status stand in columns, whatever the level."""
    steps = [
        ran(1, 0, 9, trace_type="agent", name="Explore", input_summary="Look", child_agent_id="a"),
        ran(2, 1, 2.5, name="Read", input_summary="a.py", agent_id="a"),
        ran(3, 10, 11, trace_type="mcp", name="search", source="github", input_summary="bug"),
        ran(4, 12, None, name="Bash", input_summary="make"),
    ]

    assert body(steps) == [
        "  agent Explore        Look                                      9.0 s ✓",
        "    tool  Read         a.py                                      1.5 s ✓",
        "  mcp   github·search  bug                                       1.0 s ✓",
        "  tool  Bash           make                                     18.0 s ▶ running",
    ]


def test_brackets_join_what_ran_side_by_side() -> None:
    """A bracket joins parallel steps, and passes by what sub-agents did under them."""
    steps = [
        ran(1, 0, 9, name="One", child_agent_id="a"),
        ran(2, 1, 9, name="Two"),
        ran(3, 2, 4, name="Left", agent_id="a"),
        ran(4, 3, 5, name="Right", agent_id="a", error="no"),
        ran(5, 8, 9, name="Three"),
    ]

    assert [line[:14].rstrip() for line in body(steps)] == [
        "┌ tool One",
        "│ ┌ tool Left",
        "│ └ tool Right",
        "│        no",
        "├ tool Two",
        "└ tool Three",
    ]


def test_strays_have_a_heading() -> None:
    """A sub-agent of unknown launch is named above its steps."""
    steps = [ran(1, 0, 1, agent_id="a1b2", agent_type="Explore", name="Read")]

    assert body(steps)[0] == "  sub-agent Explore a1b2"
    assert body(steps)[1].startswith("    tool Read")


def test_what_went_wrong_stands_below() -> None:
    """An error is shown below its step, cut to the width."""
    steps = [ran(1, 0, 1, status="error", error="Exit code 1\n" + "x" * 100)]

    assert body(steps)[1] == "       Exit code 1 · " + "x" * 58 + "…"


def test_notes_stand_where_there_is_room() -> None:
    """A wait for permission stands behind the summary, or below where that leaves no room."""
    short = ran(1, 0, 1, input_summary="make", permission_wait_ms=6000.0)
    long = ran(1, 0, 1, input_summary="x" * 100, permission_wait_ms=6000.0)

    assert "  make (+6.0 s waiting for permission)  " in body([short])[0]
    assert body([long])[1] == "       (+6.0 s waiting for permission)"


def test_a_background_sub_agent_is_noted() -> None:
    """A sub-agent that still runs after its call is told at the call."""
    running = msgspec.structs.replace(AGENT, status="running", started_at=second(1))
    shown = body([ran(1, 0, 1, child_agent_id="a1")], agents=[running])

    assert "(sub-agent still running, 29.0 s)" in shown[0]


def test_whole_shows_everything() -> None:
    """With -v each step's ids and full texts follow, their own line breaks kept."""
    step = ran(
        1,
        0,
        1,
        input_summary="make " + "x" * 100,
        output_summary="done",
        error="one\ntwo",
        call_id="c1",
        agent_id=None,
        child_agent_id="a7",
    )

    assert body([step], whole=True)[1:] == [
        "       #1 Bash, started 2027-01-15 08:00:00, call c1, launched a7",
        "       input: make " + "x" * 61,
        "       " + "x" * 39,
        "       output: done",
        "       error: one",
        "       two",
    ]


# --- what comes from outside ------------------------------------------------------------------

HOSTILE = "[red]a[/red]\x1b[2J\x9b\r\n\u202eb\u2066"


@pytest.mark.parametrize("width", [60, 100])
def test_nothing_from_outside_reaches_the_terminal(width: int) -> None:
    """In whatever column, text that steers a terminal is spelled out and markup is plain text."""
    texts = dict.fromkeys(("name", "source", "input_summary", "output_summary"), HOSTILE)
    ids = dict.fromkeys(("error", "call_id", "child_agent_id"), HOSTILE)
    steps = [ran(1, 0, 1, trace_type="mcp", agent_id=HOSTILE, agent_type=HOSTILE, **texts, **ids)]
    session = entry(
        agent=HOSTILE, session_id=HOSTILE, cwd=HOSTILE, model=HOSTILE, end_reason=HOSTILE,
        ended_at=second(1),
    )  # fmt: skip
    prompt = msgspec.structs.replace(PROMPT, summary=HOSTILE, prompt_id=HOSTILE)
    options: dict[str, Any] = {"session": session, "prompt": prompt, "width": width}
    shown = "".join(lines(steps, **options) + lines(steps, whole=True, **options))

    assert {unicodedata.category(character) for character in shown} & {"Cc", "Cf"} == set()
    assert "[red]a[/red]\\x1b[2J" in shown


def test_other_encodings_have_stand_ins() -> None:
    """Where the encoding has no such signs, ASCII stands in for all of them."""
    steps = [
        ran(1, 0, 9, trace_type="mcp", source="s", input_summary="日本" + "x" * 100),
        ran(2, 1, 2, status="denied"),
    ]
    shown = lines(steps, encoding="ascii")

    assert "".join(shown).isascii()
    assert shown[-2].startswith("/ mcp  s:Bash  \\u65e5\\u672cxxx")
    assert shown[-1].endswith("1.0 s ! denied")


@given(
    st.lists(
        st.builds(
            lambda start, length, name, text: ran(
                1, start, start + length, name=name, input_summary=text, error=text
            ),
            st.integers(0, 20),
            st.integers(0, 20),
            st.text(min_size=1, max_size=60),
            st.none() | st.text(max_size=200),
        ),
        max_size=8,
    ),
    st.integers(60, 200),
    st.sampled_from(["utf-8", "ascii"]),
)
def test_lines_fit(steps: list[Step], width: int, encoding: str) -> None:
    """Whatever the steps say, at every width and in a chain of sub-agents, lines fit."""
    chain = [
        msgspec.structs.replace(
            step,
            id=number,
            agent_id=str(number) if number else None,
            child_agent_id=str(number + 1),
        )
        for number, step in enumerate(steps)
    ]
    screen = Screen(width=width, encoding=encoding, now_ms=START, home="")
    found = cards(SESSION, [ASKED], chain, [])
    for whole in (True, False):
        shown = session_lines(screen, entry(), found, whole=whole)
        assert [line.plain for line in shown if line.cell_len > width] == []
