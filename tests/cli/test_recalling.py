"""`traced mcp` as an agent starts it."""

import json
import subprocess
import sys
from typing import Any

from support.rows import Recording

HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


def request(number: int, method: str, **parameters: object) -> bytes:
    """Return a request as a line."""
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
    return json.dumps(message).encode() + b"\n"


def answer(server: subprocess.Popen[bytes], line: bytes) -> dict[str, Any]:
    """Send a request; return the line that it is answered with."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(line)
    server.stdin.flush()
    told: dict[str, Any] = json.loads(server.stdout.readline())
    return told


def test_agent_asks_over_standard_input(recording: Recording, environment: dict[str, str]) -> None:
    """Without a daemon an agent is answered, line by line, till it closes; nothing else is said."""
    recording.step(recording.session("s1"), 1, name="Grep")
    with subprocess.Popen(
        [sys.executable, "-m", "traced", "mcp"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as server:
        hello = answer(server, request(1, "initialize", **HELLO))
        found = answer(server, request(2, "tools/call", name="recent", arguments={}))
        rest, complaints = server.communicate(b"no JSON\n")

    assert hello["result"]["serverInfo"]["name"] == "traced"
    assert found["result"]["structuredContent"]["steps"][0]["name"] == "Grep"
    assert (server.returncode, rest, complaints) == (0, b"", b"")


def test_missing_extra_is_named(environment: dict[str, str]) -> None:
    """Where the protocol's package is not installed, the message is how to install it."""
    code = (
        "import sys; sys.modules['mcp'] = None; sys.argv = ['traced', 'mcp'];"
        "from traced.cli.main import main; main()"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert (found.returncode, found.stdout) == (1, "")
    assert "pip install 'agent-traced[mcp]'" in found.stderr
    assert "Traceback" not in found.stderr
