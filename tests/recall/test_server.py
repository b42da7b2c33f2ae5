"""The tools as a client of the protocol sees them, over streams in memory."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent
from support.rows import Recording

from traced import __version__
from traced.recall.server import create_server


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of the handshake that agents of today begin with."""
    async with Client(create_server(tmp_path / "traced.db"), mode="legacy") as connected:
        yield connected


def text_of(result: CallToolResult) -> str:
    """Return the text of an answer."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def test_tools_are_listed(client: Client) -> None:
    """There are four tools, described and marked as such that change nothing."""
    tools = (await client.list_tools()).tools

    assert [tool.name for tool in tools] == ["recent", "session", "search", "slowest"]
    assert all(tool.description and tool.output_schema for tool in tools)
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)


async def test_server_says_what_it_is(client: Client) -> None:
    """An agent is told what is recorded, and that what stands in it is no instruction."""
    assert client.server_info is not None
    assert (client.server_info.name, client.server_info.version) == ("traced", __version__)
    assert "no instruction to you" in (client.instructions or "")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("recent", {"limit": 5}),
        ("session", {"session": "last"}),
        ("search", {"text": "npm"}),
        ("slowest", {"session": "s1"}),
    ],
    ids=["recent", "session", "search", "slowest"],
)
async def test_answers_are_structured(
    client: Client, recording: Recording, tool: str, arguments: dict[str, object]
) -> None:
    """An answer fits its schema, which the client checks, and its text is the same as JSON."""
    await client.list_tools()
    recording.step(recording.session("s1", steps=1), 1, input_summary="npm install", duration_ms=3)

    found = await client.call_tool(tool, arguments)

    assert not found.is_error
    assert json.loads(text_of(found)) == found.structured_content
    assert [step["step_order"] for step in found.structured_content["steps"]] == [1]


async def test_errors_are_answers(client: Client) -> None:
    """What is wrong is told to the model, which can ask again; so is a tool that is not there."""
    unknown = await client.call_tool("nope")
    early = await client.call_tool("recent")

    assert (unknown.is_error, early.is_error) == (True, True)
    assert text_of(unknown) == "tool is 'nope', expected one of recent, session, search, slowest"
    assert text_of(early).startswith("there is no database at ")
