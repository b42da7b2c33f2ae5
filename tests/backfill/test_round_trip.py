"""What one database exports, another one that imports it exports too."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.exporting import Recorded, columns, ended
from support.fake_secrets import FAKES
from support.recorded import FIXTURES, scenarios
from support.store import dump

from traced.backfill.claude_code import Transcript
from traced.backfill.files import sessions, sub_agent_of
from traced.backfill.records import records
from traced.core.capture import CaptureMode
from traced.core.json_text import encode_json
from traced.store.exporting import Wanted

AGENTS = ("claude-code", "codex", "copilot-cli", "cursor", "gemini-cli", "opencode")
HUGE = 10**30
TRANSCRIPTS = sorted((FIXTURES / "claude-code").glob("*/transcripts"))


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Recorded]:
    """An empty database that keeps all content."""
    recorded = Recorded(tmp_path / "other.db")
    yield recorded
    recorded.close()


def record(path: Path, mode: CaptureMode) -> Recorded:
    """Record every recorded session, and of each agent one that was cut off in the middle."""
    recorded = Recorded(path, mode)
    for agent in AGENTS:
        for scenario in scenarios(agent):
            at = max(end for _, end in scenario.times)
            recorded.take(scenario.envelopes(), now=at)
            lines = [line.replace(b"-", b"_") for line in scenario.payloads]
            if scenario.is_bare:
                recorded.take(lines[: len(lines) // 2], now=at)
    return recorded


@pytest.fixture(scope="module", params=["full", "summary", "metadata"])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorded]:
    """All recorded sessions, in each mode of what is kept."""
    found = record(tmp_path_factory.mktemp("recorded") / "t.db", request.param)
    yield found
    found.close()


def test_every_recorded_session_comes_back(recorded: Recorded, tmp_path: Path) -> None:
    """To the letter, but for ids and revisions; what ran is of unknown end."""
    exported = recorded.export()
    other = Recorded(tmp_path / "t.db", recorded.capture.mode)
    outcomes = other.import_(exported)

    assert {outcome.status for outcome in outcomes} == {"stored"}
    assert columns(other.export()) == ended(columns(exported))
    assert other.complaints == []

    before = dump(other.connection)
    assert {outcome.status for outcome in other.import_(exported)} == {"duplicate"}
    assert dump(other.connection) == before
    other.close()


def test_there_is_something_of_every_kind(recorded: Recorded) -> None:
    """So that the facts here are of something."""
    lines = columns(recorded.export())
    statuses = {line["status"] for line in lines if line["kind"] == "step"}

    assert statuses == {"ok", "error", "denied", "cancelled", "running", "unknown"}
    assert {"session", "agent", "prompt"} <= {line["kind"] for line in lines}
    assert any(line.get("permission_wait_ms") for line in lines)
    assert any(line.get("parent_agent_id") for line in lines)


def test_where_it_came_from_nothing_changes(recorded: Recorded) -> None:
    """Not one column of one table, however often."""
    before = dump(recorded.connection)

    outcomes = recorded.import_(recorded.export())

    assert {outcome.status for outcome in outcomes} == {"duplicate"}
    assert dump(recorded.connection) == before


@pytest.mark.parametrize("half", ["since_ms", "until_ms"])
def test_a_part_and_then_the_whole_is_the_whole(
    recorded: Recorded, tmp_path: Path, half: str
) -> None:
    """Whichever half was there first, nothing is twice and nothing is missing."""
    exported = recorded.export()
    times = [line["created_at_epoch"] for line in columns(exported) if line["kind"] == "step"]
    part = recorded.export(Wanted(**{half: sorted(times)[len(times) // 2]}))
    other = Recorded(tmp_path / "t.db", recorded.capture.mode)
    other.import_(part)
    assert {outcome.status for outcome in other.import_(exported)} == {"stored", "duplicate"}

    assert 100 < len(part) < len(exported) - 50
    found, expected = (
        sorted(map(encode_json, lines))
        for lines in (columns(other.export()), ended(columns(exported)))
    )
    assert found == expected
    other.close()


def test_what_transcripts_told_is_met_by_its_calls(recorded: Recorded, tmp_path: Path) -> None:
    """In other orders, and without what no transcript tells: nothing is refused, nothing twice."""
    exported = recorded.export()
    other = Recorded(tmp_path / "t.db", recorded.capture.mode)
    for session in sessions(TRANSCRIPTS):
        transcript = Transcript()
        for path in session.paths:
            read = records(path, other.complaints.append, lambda _: None)
            other.take([*transcript.read(read, sub_agent_of(path)), *transcript.end()])

    assert {outcome.status for outcome in other.import_(exported)} <= {"stored", "duplicate"}
    assert {outcome.status for outcome in other.import_(exported)} == {"duplicate"}
    calls = [line["call_id"] for line in columns(other.export()) if line.get("call_id")]
    told = {line["call_id"] for line in columns(exported) if line.get("call_id")}
    assert told <= {*calls}
    other.close()


def test_one_id_of_two_agents_and_two_users_comes_back(tmp_path: Path) -> None:
    """They are four sessions, there and here."""
    source = Recorded(tmp_path / "t.db", by_owner=True)
    for agent in (b"a", b"b"):
        line = b'{"v":1,"session_id":"s","agent":"%b","trace_type":"tool","name":"n"}' % agent
        for uid in (7, 8):
            source.take([line], peer_uid=uid)
    other = Recorded(tmp_path / "other.db", by_owner=True)
    other.import_(source.export(), peer_uid=0)

    found = columns(other.export())
    assert found == columns(source.export())
    assert len({(line["agent"], line["owner_uid"]) for line in found if "owner_uid" in line}) == 4
    source.close()
    other.close()


def test_awkward_values_come_back(other: Recorded, tmp_path: Path) -> None:
    """Half characters, U+0000, numbers out of every range, and names of other scripts."""
    source = Recorded(tmp_path / "t.db")
    awkward = (
        rb'{"half":"\ud83d","nul":"\u0000","whole":"\ud83d\ude00","n":[%d,-%d,1e400,1.5e-300],'
        rb'"text":"\\u0000 \\ud83d \" \\ \n \u2028","":null,"deep":[[[[{}]]]]}' % (HUGE, HUGE)
    )
    head = rb'{"v":1,"session_id":"s \ud83d/%%","agent":"a\u00e9","trace_type":"tool",'
    source.take([
        head + rb'"name":"\u0627 \u0000","input":' + awkward + b',"output":' + awkward + b"}",
        head + rb'"name":"n","call_id":"c1","status":"denied","error":"\ud83d","duration_ms":0}',
        head + rb'"name":"n","prompt_number":999999999,"step_order":999999999}',
        head + rb'"name":"n","step_order":0,"duration_ms":0.1,"started_at":0,"source":""}',
        rb'{"v":1,"session_id":"s1","lifecycle":"prompt","prompt":"\ud83d\u0000","prompt_id":"p"}',
        rb'{"v":1,"session_id":"s1","lifecycle":"usage","input_tokens":9007199254740992}',
        rb'{"v":1,"session_id":"s1","lifecycle":"session_end","reason":"\ud83d \u001b[1m"}',
    ])  # fmt: skip
    exported = source.export()
    source.close()

    assert len(exported) == 10
    assert {outcome.status for outcome in other.import_(exported)} == {"stored"}
    assert columns(other.export()) == columns(exported)


def test_what_is_redacted_is_redacted_to_nothing_else(other: Recorded, tmp_path: Path) -> None:
    """The marks that stand for secrets are no secrets, wherever they stand."""
    source = Recorded(tmp_path / "t.db")
    source.take(
        encode_json({
            "v": 1, "session_id": "s1", "trace_type": "tool", "name": fake.text[:256],
            "input": {"command": fake.text, "password": fake.text}, "output": [fake.text],
            "error": fake.text, "source": fake.text,
        }).encode()
        for fake in FAKES
    )  # fmt: skip
    exported = source.export()
    source.close()
    other.import_(exported)

    assert b"[redacted" in b"".join(exported)
    assert columns(other.export()) == columns(exported)


def test_every_agent_has_fixtures() -> None:
    """One more agent is one more to come back."""
    found = {path.name for path in FIXTURES.iterdir() if path.is_dir()}
    assert found - {"released"} == {*AGENTS}
