"""
The other real programs: how each is fetched, set up, asked, and what its model says.

Law: an agent is one entry of `AGENTS`; it sees nothing of the machine but PATH. OpenCode fetches
the library of its plugins by npm when it starts; all else stays on loopback.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from e2e.dialects import Completions, Contents, Dialect, Responses
from e2e.model import Scripts
from e2e.scripts import Call, Json

MCP_SERVER = {"command": sys.executable, "args": [str(Path(__file__).parent / "mcp_server.py")]}
SLEEP = "sleep 30"
TASK = {"description": "Play child", "prompt": "[[script:child]]"}


class Step(NamedTuple):
    """One expected row; `by_sub_agent` if a sub-agent ran it and the program tells."""

    trace_type: str
    name: str
    input: str | None
    status: str = "ok"
    source: str | None = None
    by_sub_agent: bool = False


@dataclass(frozen=True)
class Agent:
    """
    One program; `name` is what traced calls it.

    `files` are those of its home, given where its model answers; `command` asks it one prompt and
    ends, with what `environment` says. `scripts` are what the model says, and `work` by hand what
    has to be recorded of the script of that name.
    """

    name: str
    package: str
    binary: str
    version: str
    dialect: Dialect
    files: Callable[[str], Mapping[str, str]]
    command: tuple[str, ...]
    environment: Callable[[str], Mapping[str, str]]
    scripts: Scripts
    work: tuple[Step, ...]


def _scripts(
    shell: Callable[[str], Call], *calls: Call, child_ends: tuple[Call, ...] = ()
) -> Scripts:
    """
    Return what each model says: `calls` stand for the MCP call and the launch of a sub-agent.

    The sub-agent follows `child`, and `child_ends` are how it says that it is done.
    """
    return {
        "work": [
            [shell("echo one"), shell("sleep 0.3; echo two")],
            [shell("exit 3"), Call("no_such_tool", {"a": 1})],
            *([call] for call in calls),
        ],
        "child": [[shell("echo child")], *([call] for call in child_ends)],
        "sleep": [[shell(SLEEP)]],
    }


def _codex(command: str) -> Call:
    return Call("exec_command", {"cmd": command})


def _codex_files(url: str) -> Mapping[str, str]:
    config = f"""
model = "gpt-5.2-codex"
model_provider = "stand-in"
[features]
multi_agent = true
[model_providers.stand-in]
name = "stand-in"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "KEY"
[mcp_servers.demo]
command = {json.dumps(MCP_SERVER["command"])}
args = {json.dumps(MCP_SERVER["args"])}
"""
    return {".codex/config.toml": config}


CODEX = Agent(
    name="codex",
    package="@openai/codex",
    binary="codex",
    version="0.169.0",
    dialect=Responses(),
    files=_codex_files,
    command=(
        *("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
        "--dangerously-bypass-hook-trust",
    ),
    environment=lambda _url: {"KEY": "not-a-key"},
    scripts=_scripts(
        _codex,
        Call("add", {"a": 1, "b": 2}, "mcp__demo"),
        Call("spawn_agent", {"message": "[[script:child]]"}, "multi_agent_v1"),
        Call("wait_agent", {"targets": ["@agent_id"], "timeout_ms": 20_000}, "multi_agent_v1"),
    ),
    work=(
        Step("tool", "Bash", "echo one"),
        Step("tool", "Bash", "sleep 0.3; echo two"),
        Step("tool", "Bash", "exit 3"),  # it does not say that it failed, nor of unknown tools
        Step("mcp", "add", "a=1, b=2", source="demo"),
        Step("agent", "spawn_agent", "[[script:child]]"),
        Step("tool", "multi_agent_v1wait_agent", 'targets=["@agent_id"], timeout_ms=20000'),
        Step("tool", "Bash", "echo child", by_sub_agent=True),
    ),
)


def _gemini(command: str) -> Call:
    return Call("run_shell_command", {"command": command})


def _gemini_files(_url: str) -> Mapping[str, str]:
    settings: Json = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "mcpServers": {"demo": {**MCP_SERVER, "trust": True}},
    }
    return {".gemini/settings.json": json.dumps(settings)}


GEMINI_CLI = Agent(
    name="gemini-cli",
    package="@google/gemini-cli",
    binary="gemini",
    version="0.61.0",
    dialect=Contents(),
    files=_gemini_files,
    command=("--yolo", "--model", "gemini-2.5-flash", "--prompt"),
    environment=lambda url: {"GEMINI_API_KEY": "not-a-key", "GOOGLE_GEMINI_BASE_URL": url},
    scripts=_scripts(
        _gemini,
        Call("mcp_demo_add", {"a": 1, "b": 2}),
        Call("invoke_agent", {"agent_name": "generalist", "prompt": "[[script:child]]"}),
        child_ends=(Call("complete_task", {"response": "done"}),),
    ),
    work=(
        Step("tool", "run_shell_command", "echo one"),
        Step("tool", "run_shell_command", "sleep 0.3; echo two"),
        Step("tool", "run_shell_command", "exit 3"),  # as with Codex
        Step("mcp", "add", "a=1, b=2", source="demo"),
        Step("agent", "generalist", "[[script:child]]"),
        Step("tool", "run_shell_command", "echo child"),  # it does not say who ran it
    ),
)


def _bash(command: str) -> Call:
    return Call("bash", {"command": command, "description": "As the script says"})


def _copilot_files(_url: str) -> Mapping[str, str]:
    servers = {"mcpServers": {"demo": {"type": "local", **MCP_SERVER, "tools": ["*"]}}}
    return {".copilot/mcp-config.json": json.dumps(servers)}


COPILOT_CLI = Agent(
    name="copilot-cli",
    package="@github/copilot",
    binary="copilot",
    version="1.0.102",
    dialect=Completions(),
    files=_copilot_files,
    command=("--allow-all-tools", "--prompt"),
    environment=lambda url: {
        "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
        "COPILOT_PROVIDER_API_KEY": "not-a-key",
        "COPILOT_MODEL": "gpt-4.1",
        "COPILOT_AUTO_UPDATE": "false",
    },
    scripts=_scripts(
        _bash,
        Call("demo-add", {"a": 1, "b": 2}),
        Call("task", {**TASK, "agent_type": "general-purpose", "name": "helper"}),
    ),
    work=(
        Step("tool", "Bash", "echo one"),
        Step("tool", "Bash", "sleep 0.3; echo two"),
        Step("tool", "Bash", "exit 3"),  # it does not say that it failed
        Step("tool", "no_such_tool", "a=1", "error"),
        Step("tool", "demo-add", "a=1, b=2"),  # nor which tools are a server's
        Step("agent", "general-purpose", "Play child"),
        Step("tool", "Bash", "echo child", by_sub_agent=True),
    ),
)


def _opencode_files(url: str) -> Mapping[str, str]:
    model = {"name": "m", "tool_call": True, "limit": {"context": 100_000, "output": 4000}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "stand-in",
        "options": {"baseURL": f"{url}/v1", "apiKey": "not-a-key"},
        "models": {"m": model},
    }
    config: Json = {
        "$schema": "https://opencode.ai/config.json",  # else it writes that into the file itself
        "autoupdate": False,
        "provider": {"stand-in": provider},
        "model": "stand-in/m",
        "small_model": "stand-in/m",
        "permission": {"*": "allow"},
        "mcp": {"demo": {"type": "local", "command": [MCP_SERVER["command"], *MCP_SERVER["args"]]}},
    }
    return {".config/opencode/opencode.json": json.dumps(config)}


OPENCODE = Agent(
    name="opencode",
    package="opencode-ai",
    binary="opencode",
    version="1.18.33",
    dialect=Completions(),
    files=_opencode_files,
    command=("run",),
    environment=lambda _url: {},
    scripts=_scripts(
        _bash,
        Call("demo_add", {"a": 1, "b": 2}),
        Call("task", {**TASK, "subagent_type": "general"}),
    ),
    work=(
        Step("tool", "bash", "echo one"),
        Step("tool", "bash", "sleep 0.3; echo two"),
        Step("tool", "bash", "exit 3", "error"),
        Step("tool", "no_such_tool", None, "error"),
        Step("mcp", "add", "a=1, b=2", source="demo"),
        Step("agent", "general", "Play child"),
        Step("tool", "bash", "echo child", by_sub_agent=True),
    ),
)

AGENTS = (CODEX, COPILOT_CLI, GEMINI_CLI, OPENCODE)
