import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.house import names_in
from support.served import Served
from support.store_room import rows
from support.web import app_of, app_on, asking, running

from traced.web.hooks import AGENTS, ENVELOPE_BYTES_MAX

PAYLOAD = {
    "session_id": "s1",
    "hook_event_name": "PreToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "ls"},
    "tool_use_id": "t1",
}
LINE_BYTES_MAX = 8192
BODY_BYTES_MAX = LINE_BYTES_MAX - ENVELOPE_BYTES_MAX


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Served]:
    """A daemon in this process."""
    async with running(tmp_path, line_bytes_max=LINE_BYTES_MAX) as daemon:
        yield daemon


@pytest.fixture
async def linked(daemon: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Who posts hooks while the daemon is there."""
    async with asking(app_of(daemon.config, line_bytes_max=LINE_BYTES_MAX)) as client:
        yield client


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Who posts hooks while no daemon is there."""
    (tmp_path / "spool").mkdir()
    async with asking(app_on(tmp_path, line_bytes_max=LINE_BYTES_MAX)) as client:
        yield client


async def test_200_is_committed(daemon: Served, linked: httpx.AsyncClient) -> None:
    """The answer is empty, and the step can be read when it comes."""
    answer = await linked.post("/api/hooks/claude-code", json=PAYLOAD)

    assert (answer.status_code, answer.content) == (200, b"")
    (step,) = rows(daemon.config.db, "SELECT agent, name, status FROM execution_traces")
    assert dict(step) == {"agent": "claude-code", "name": "Bash", "status": "running"}
    assert names_in(daemon.config.spool) == set()


async def test_the_path_names_the_agent(daemon: Served, linked: httpx.AsyncClient) -> None:
    """A payload without marks of its own is that of the agent which it was posted for."""
    unmarked = sorted(set(AGENTS) - {"opencode"})  # whose payloads always have marks
    for agent in unmarked:
        event = "BeforeTool" if agent == "gemini-cli" else PAYLOAD["hook_event_name"]
        payload = {**PAYLOAD, "session_id": agent, "hook_event_name": event}
        assert (await linked.post(f"/api/hooks/{agent}", json=payload)).status_code == 200

    found = rows(daemon.config.db, "SELECT agent, session_id FROM sessions ORDER BY agent")
    assert [tuple(row.values()) for row in found] == [(agent, agent) for agent in unmarked]


async def test_the_query_names_the_event(daemon: Served, linked: httpx.AsyncClient) -> None:
    """Where a payload does not name its hook, ?event= does."""
    payload = {key: value for key, value in PAYLOAD.items() if key != "hook_event_name"}

    answer = await linked.post("/api/hooks/claude-code?event=PreToolUse", json=payload)

    assert answer.status_code == 200
    assert daemon.names == ["Bash"]


async def test_a_payload_of_many_lines(daemon: Served, linked: httpx.AsyncClient) -> None:
    """White space in JSON is no end of an event: indented payloads are one."""
    text = json.dumps({**PAYLOAD, "tool_input": {"command": "a\nb"}}, indent=2)

    answer = await linked.post("/api/hooks/claude-code", content=text.replace("\n", "\r\n"))

    assert answer.status_code == 200
    (step,) = rows(daemon.config.db, "SELECT input_summary FROM execution_traces")
    assert "a" in step["input_summary"]


async def test_half_a_character_is_taken(daemon: Served, linked: httpx.AsyncClient) -> None:
    """Real payloads hold lone surrogates: they are JSON, if not text."""
    body = json.dumps({**PAYLOAD, "tool_input": {"command": "\ud83d"}})

    assert (await linked.post("/api/hooks/claude-code", content=body)).status_code == 200
    assert daemon.names == ["Bash"]


async def test_a_rejection_is_told(daemon: Served, linked: httpx.AsyncClient) -> None:
    """What the daemon cannot take is not said to be committed: 400, with its reason."""
    answer = await linked.post("/api/hooks/claude-code", json={**PAYLOAD, "session_id": 7})

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("the daemon rejected it (bad_field): ")
    assert len(rows(daemon.config.db, "SELECT * FROM rejected_events")) == 1


async def test_an_event_that_keeps_nothing_is_taken(
    daemon: Served, linked: httpx.AsyncClient
) -> None:
    """An unknown hook is ignored, which is no fault of its sender."""
    answer = await linked.post(
        "/api/hooks/claude-code", json={**PAYLOAD, "hook_event_name": "Unheard"}
    )

    assert answer.status_code == 200
    assert (await daemon.status())["ignored"] == 1


async def test_without_a_daemon_it_is_spooled(tmp_path: Path, alone: httpx.AsyncClient) -> None:
    """200 also where no daemon is: the event waits in the spool for the next one."""
    answer = await alone.post("/api/hooks/claude-code", json=PAYLOAD)

    assert (answer.status_code, answer.content) == (200, b"")
    (file,) = (tmp_path / "spool").iterdir()
    line = json.loads(file.read_bytes())
    assert (line["v"], line["ack"], line["agent"]) == (1, True, "claude-code")
    assert line["payload"] == PAYLOAD
    assert len(line["event_id"]) == 32
    async with running(tmp_path) as daemon:
        await daemon.client()
        assert daemon.names == ["Bash"]


async def test_without_room_it_says_so(tmp_path: Path, alone: httpx.AsyncClient) -> None:
    """Where the spool cannot be written either, nothing was taken: 503, and when to try again."""
    (tmp_path / "spool").rmdir()
    (tmp_path / "spool").write_text("no folder")

    answer = await alone.post("/api/hooks/claude-code", json=PAYLOAD)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "ends at byte 0, before its JSON does"),
        (b"{", "ends at byte 1, before its JSON does"),
        (b"{} {}", "no JSON at byte 3 of 5"),
        (b'{"a":NaN}', "NaN is not a JSON number"),
        (b'{"a":"\xff"}', "byte 6 is 0xFF, expected UTF-8"),
        (b"[1]", "the body is '[', expected a JSON object"),
        (b'"text"', "expected a JSON object"),
        (b"[" * 6000, "the body: "),  # too deep or cut off, as the Python that runs can tell
    ],
)
async def test_what_is_no_payload(
    tmp_path: Path, alone: httpx.AsyncClient, body: bytes, why: str
) -> None:
    """A body that is no JSON object is refused with its fault, and not spooled."""
    answer = await alone.post("/api/hooks/claude-code", content=body)

    assert answer.status_code == 400
    assert why in answer.json()["detail"]
    assert names_in(tmp_path / "spool") == set()


async def test_an_unknown_agent(alone: httpx.AsyncClient) -> None:
    """Of an agent that traced does not know there is no such path; the others are named."""
    answer = await alone.post("/api/hooks/claude", json=PAYLOAD)

    assert answer.status_code == 404
    assert answer.json()["field"] == "agent"
    assert "claude-code, codex, copilot-cli" in answer.json()["expected"]


def of_length(length: int) -> bytes:
    """Return a payload of so many bytes."""
    body = json.dumps({**PAYLOAD, "tool_input": {"command": ""}}).encode()
    return body.replace(b'""', b'"' + b"x" * (length - len(body)) + b'"')


async def test_the_longest_body_is_a_line_for_the_daemon(
    daemon: Served, linked: httpx.AsyncClient
) -> None:
    """A body of the greatest length is taken by the daemon, envelope and all."""
    answer = await linked.post(
        "/api/hooks/claude-code", params={"event": "E" * 256}, content=of_length(BODY_BYTES_MAX)
    )

    assert answer.status_code == 200
    assert (await daemon.status())["rejected"] == {}


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_longer_body_is_refused(
    tmp_path: Path, alone: httpx.AsyncClient, is_told: bool
) -> None:
    """One byte more is too much, whether the client says so beforehand or just sends it."""
    body = of_length(BODY_BYTES_MAX + 1)

    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    answer = await alone.post("/api/hooks/claude-code", content=body if is_told else in_chunks())

    assert answer.status_code == 413
    assert f"expected at most {BODY_BYTES_MAX}" in answer.json()["detail"]
    assert names_in(tmp_path / "spool") == set()
