"""An MCP server over stdio with two tools: `add` adds `a` and `b`, `fail` fails."""

import json
import sys
from typing import Any

NUMBER = {"type": "number"}
SCHEMA = {"type": "object", "properties": {"a": NUMBER, "b": NUMBER}}
TOOLS = [{"name": name, "description": name, "inputSchema": SCHEMA} for name in ("add", "fail")]


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a request."""
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "demo", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call" and params["name"] == "add":
        total = params["arguments"]["a"] + params["arguments"]["b"]
        return {"content": [{"type": "text", "text": f"The sum is {total}"}]}
    if method == "tools/call":
        return {"content": [{"type": "text", "text": "no luck"}], "isError": True}
    return {}


for line in sys.stdin:
    request = json.loads(line)
    if "id" in request:  # else it is a notification
        result = answer(request["method"], request.get("params", {}))
        sys.stdout.write(
            json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\n"
        )
        sys.stdout.flush()
