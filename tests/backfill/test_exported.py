"""Reading what `traced export` wrote."""

import json
from typing import Any

import msgspec
import pytest
from support.rows import AGENT, PROMPT, SESSION, START, STEP

from traced.backfill import exported
from traced.backfill.exported import Export, recognises
from traced.backfill.told import Asked, Unreadable
from traced.export import jsonl
from traced.store.exporting import PromptEntry, Row, SessionRows
from traced.store.rows import SessionEntry

Line = dict[str, Any]
WHOSE = {"agent": "claude-code", "session_id": "s1", "used_at": START}


def session(owner_uid: int = -1, **columns: Any) -> SessionRows:
    """Return a session with a sub-agent of its second prompt."""
    row = msgspec.structs.replace(SESSION, **columns)
    agents = [msgspec.structs.replace(AGENT, prompt_number=2)]
    return SessionRows(SessionEntry(1, owner_uid, row, 0, 0), agents)


def prompt(number: int, **columns: Any) -> PromptEntry:
    """Return a prompt."""
    row = msgspec.structs.replace(PROMPT, prompt_number=number, **columns)
    return PromptEntry(row, is_recorded=True, first_ms=None, last_ms=None)


def lines(*rows: Row) -> list[Line]:
    """Return the lines of an export, read."""
    return [json.loads(line) for line in jsonl.lines(rows, "0", "2026-11-22T14:00:00.000Z")]


def told(records: list[Line], *, oldest_ms: int = 0) -> tuple[list[Line], list[str], Export]:
    """Return what goes to the socket, what is complained of, and what was counted."""
    complaints: list[str] = []
    export = Export(Asked(oldest_ms, complaints.append))
    sent = [*export.read(iter(records), None), *export.end()]
    return [json.loads(line) for line in sent], complaints, export


def test_an_export_is_known_by_its_head() -> None:
    """Of this version or another."""
    assert recognises(lines()[0])
    assert not recognises({"kind": "session"})


def test_a_session_goes_with_its_sub_agents_beside_their_prompts() -> None:
    """So that it can be said which prompt that is, whatever its number will be."""
    sent, complaints, export = told(
        lines(session(), prompt(1), prompt(2, prompt_id="p2"), STEP_OF_2)
    )

    rows = [line["row"] for line in sent]
    assert [row["kind"] for row in rows] == ["session", "prompt", "prompt", "agent", "step"]
    assert rows[0] == {"kind": "session", **WHOSE}
    assert [row.get("prompt_id") for row in rows[2:]] == ["p2"] * 3
    assert {(line["v"], line["ack"]) for line in sent} == {(1, True)}
    assert complaints == []
    assert (export.counts.sessions, export.counts.calls) == (1, 1)


STEP_OF_2 = msgspec.structs.replace(STEP, prompt_number=2)


def test_a_step_goes_without_what_a_database_gives_it() -> None:
    """Times as numbers, content beside it, and what is null not at all."""
    step = msgspec.structs.replace(STEP, started_at="2027-01-15T08:00:00.001Z", input='{"a":1}')
    sent, _, _ = told(lines(session(owner_uid=7), step))

    assert sent[1] == {
        "v": 1,
        "ack": True,
        "row": {
            "kind": "step", **WHOSE, "owner_uid": 7, "prompt_number": 1, "step_order": 1,
            "trace_type": "tool", "name": "Bash", "status": "ok", "started_at": START + 1,
            "created_at": START,
        },
        "input": {"a": 1},
    }  # fmt: skip


def test_sessions_that_would_be_removed_are_left_out() -> None:
    """Each by itself, with all that is theirs."""
    young: Line = {"session_id": "s2", "last_event_at": "2027-01-15T09:00:00.000Z"}
    sent, complaints, export = told(
        lines(session(), prompt(2), STEP, session(**young)), oldest_ms=START + 1
    )

    assert {line["row"]["session_id"] for line in sent} == {"s2"}
    assert (export.counts.sessions, export.counts.calls, export.counts.too_old) == (1, 0, 1)
    assert complaints == []


@pytest.mark.parametrize("cut", [1, 2, 3], ids=["no end", "no step", "no prompt"])
def test_a_file_that_was_cut_short_is_told(cut: int) -> None:
    """What it has is sent all the same."""
    sent, complaints, _ = told(lines(session(), prompt(2), STEP)[:-cut])

    assert len(sent) == 5 - cut
    assert complaints == ["the file is cut short: it does not end as an export does"]


def test_a_file_that_lacks_a_line_is_told() -> None:
    """Its last line counts the others."""
    found = lines(session(), prompt(2), STEP)
    del found[2]

    assert told(found)[1] == ["the file is cut short: it does not end as an export does"]


def test_two_exports_may_stand_in_one_file() -> None:
    """One behind the other."""
    sent, complaints, export = told([*lines(session()), *lines(session(session_id="s2"))])

    assert (len(sent), complaints, export.counts.sessions) == (4, [], 2)


def test_a_line_that_is_none_costs_itself() -> None:
    """It is told what is wrong with it."""
    found = lines(session(), STEP)
    found[3]["step_order"] = "1"
    sent, complaints, _ = told(found)

    assert [line["row"]["kind"] for line in sent] == ["session", "agent"]
    assert complaints[0] == (
        "a line of kind 'step': Expected `int`, got `str` - at `$.step_order`, left out"
    )


def test_a_later_form_is_not_guessed_at() -> None:
    """Nothing of it is sent."""
    head = {**lines()[0], "$schema": "urn:traced:export:2"}

    with pytest.raises(Unreadable, match=r"'urn:traced:export:2', expected 'urn:traced:export:1'"):
        told([head, *lines(session())[1:]])


def test_content_goes_in_lines_that_a_daemon_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them for each half where both are too much; what is too much alone is left out."""
    monkeypatch.setattr(exported, "CONTENT_BYTES_MAX", 10)
    big = {"input": '"1234567"', "output": '"abcdefg"'}
    sent, complaints, _ = told(lines(session(), msgspec.structs.replace(STEP, **big)))

    assert [(line.get("input"), line.get("output")) for line in sent[1:3]] == [
        *[("1234567", None), (None, "abcdefg")]
    ]
    assert sent[1]["row"] == sent[2]["row"]
    assert complaints == []

    huge = msgspec.structs.replace(STEP, input='"12345678901"')
    sent, complaints, export = told(lines(session(), huge))
    assert (len(sent), export.counts.calls) == (3, 1)
    assert complaints == [
        "step 1 of session s1: its input has 13 bytes, expected at most 10, left out",
    ]


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ('1}\n{"v":1}', "no JSON at byte 1 of 10"),
        ("", "ends at byte 0, before its JSON does"),
        ("NaN", "NaN is not a JSON number"),
    ],
)
def test_content_that_is_no_json_is_left_out(text: str, flaw: str) -> None:
    """It would be read as lines of its own, or cost the row."""
    sent, complaints, _ = told(lines(session(), msgspec.structs.replace(STEP, output=text)))

    assert [line["row"]["kind"] for line in sent] == ["session", "step", "agent"]
    assert "output" not in sent[1]
    assert complaints == [
        f"step 1 of session s1: its output is not JSON: {flaw}, left out",
    ]


def test_content_may_stand_on_several_lines() -> None:
    """As whoever edited the file likes it."""
    sent, _, _ = told(lines(session(), msgspec.structs.replace(STEP, input='{\n"a":\n1\n}')))

    assert sent[1]["input"] == {"a": 1}
