"""
Everything that the real program is made to do, for each version that can.

Law: what must be recorded is written by hand, from what the script says and the rules say.
"""

import json

from e2e.at_once import BACKGROUND, BEHIND, MANY, PARALLEL, QUEUED
from e2e.claude import SKIP
from e2e.scenario import NEW, Run, Scenario, Step, bash, follow, launch, read
from e2e.scripts import Call, Failure

BASIC = Scenario(
    "basic",
    {
        "basic": [
            ["Looking.", bash("echo hi > a.txt; cat a.txt")],
            [read("@project/a.txt")],
            [Call("Write", {"file_path": "@project/b.txt", "content": "one\ntwo\n"})],
            [
                Call(
                    "Edit",
                    {"file_path": "@project/b.txt", "old_string": "one", "new_string": "uno"},
                )
            ],
            [
                Call(
                    "Write", {"file_path": "@project/big.txt", "content": "\U0001f600x\n" * 250_000}
                )
            ],
            ["All done."],
        ]
    },
    (
        Step("basic_1_1", "tool", "Bash", "echo hi > a.txt; cat a.txt"),
        Step("basic_2_0", "tool", "Read", "@project/a.txt"),
        Step("basic_3_0", "tool", "Write", "@project/b.txt"),
        Step("basic_4_0", "tool", "Edit", "@project/b.txt"),
        Step("basic_5_0", "tool", "Write", "@project/big.txt"),
    ),
)

FAILING = Scenario(
    "failing",
    {
        "failing": [
            [bash("echo oops; exit 3")],
            [read("@project/missing.txt")],
            [read("@project/a.txt")],
            [Call("Edit", {"file_path": "@project/a.txt", "old_string": "?", "new_string": "!"})],
            [Call("Frobnicate", {"level": 11})],
            [Call("Read", {})],
            [bash("echo still here")],
        ]
    },
    (
        Step(
            "failing_1_0", "tool", "Bash", "echo oops; exit 3", "error",
            error="Exit code 3\noops",
        ),
        Step(
            "failing_2_0", "tool", "Read", "@project/missing.txt", "error",
            error="File does not exist.", since=NEW,
        ),
        Step("failing_3_0", "tool", "Read", "@project/a.txt"),
        Step(
            "failing_4_0", "tool", "Edit", "@project/a.txt", "error",
            error="String to replace not found", since=NEW,
        ),
        Step(
            "failing_5_0", "tool", "Frobnicate", "level=11", "error",
            error="Error: No such tool available: Frobnicate", since=NEW,
        ),
        Step("failing_6_0", "tool", "Read", None, "error", error="InputValidation", since=NEW),
        Step("failing_7_0", "tool", "Bash", "echo still here"),
    ),
    files={"a.txt": "a\n"},
)  # fmt: skip

COMMAND = Scenario(
    "command",
    {"command": [[bash("echo hello")], ["Hello, Ada."]]},
    (
        Step(None, "command", "hello", "Ada", source="projectSettings", since=NEW),
        Step("command_1_0", "tool", "Bash", "echo hello"),
    ),
    runs=(Run("/hello Ada"),),
    files={
        ".claude/commands/hello.md": (
            f"---\ndescription: Greets.\n---\n{follow('command')} Greet $ARGUMENTS.\n"
        )
    },
)

EXTENSIONS = Scenario(
    "extensions",
    {
        "extensions": [
            [Call("Skill", {"skill": "greet", "args": "Ada"})],
            [Call("mcp__demo__add", {"a": 1, "b": 2}), Call("mcp__demo__fail", {"a": 1})],
            ["Hello, Ada. It is three."],
        ]
    },
    (
        Step("extensions_1_0", "skill", "greet", "Ada"),
        Step("extensions_2_0", "mcp", "add", "a=1, b=2", source="demo"),
        Step("extensions_2_1", "mcp", "fail", "a=1", "error", source="demo", error="no luck"),
    ),
    runs=(Run(follow("extensions"), (SKIP, "--mcp-config", "@project/mcp.json")),),
    files={
        ".claude/skills/greet/SKILL.md": (
            "---\nname: greet\ndescription: Greets.\n---\nSay hello.\n"
        ),
        "mcp.json": (
            '{"mcpServers": {"demo": {"command": "@python", "args": ["-ISE", "@mcp_server"]}}}'
        ),
    },
)

AGENTS = Scenario(
    "agents",
    {
        "agents": [
            [launch("alone")],
            [launch("left"), launch("right")],
            [bash("echo after")],
            ["All are done."],
        ],
        "alone": [[bash("echo alone")], ["The one is done."]],
        "left": [[bash("echo left")], [read("@project/a.txt")], ["The left one is done."]],
        "right": [[bash("echo right"), bash("exit 1")], ["The right one is done."]],
    },
    (
        Step("agents_1_0", "agent", "general-purpose", "Play alone"),
        Step("alone_1_0", "tool", "Bash", "echo alone", within="agents_1_0"),
        Step("agents_2_0", "agent", "general-purpose", "Play left"),
        Step("left_1_0", "tool", "Bash", "echo left", within="agents_2_0"),
        Step("left_2_0", "tool", "Read", "@project/a.txt", within="agents_2_0"),
        Step("agents_2_1", "agent", "general-purpose", "Play right"),
        Step("right_1_0", "tool", "Bash", "echo right", within="agents_2_1"),
        Step(
            "right_1_1", "tool", "Bash", "exit 1", "error",
            error="Exit code 1", within="agents_2_1",
        ),
        Step("agents_3_0", "tool", "Bash", "echo after"),
    ),
    files={"a.txt": "a\n"},
    agents=3,
)  # fmt: skip

NESTED = Scenario(
    "nested",
    {
        "nested": [[launch("parent")], ["All are done."]],
        "parent": [[launch("grandchild")], ["The parent is done."]],
        "grandchild": [[bash("echo deep")], ["The grandchild is done."]],
    },
    (
        Step("nested_1_0", "agent", "general-purpose", "Play parent"),
        Step("parent_1_0", "agent", "general-purpose", "Play grandchild", within="nested_1_0"),
        Step("grandchild_1_0", "tool", "Bash", "echo deep", within="parent_1_0"),
    ),
    agents=2,
    since=NEW,  # before, a sub-agent launches none
)

RESUMED = Scenario(
    "resumed",
    {script: [[bash(f"echo {script}")], ["Done."]] for script in ("first", "second")},
    (
        Step("first_1_0", "tool", "Bash", "echo first"),
        Step("second_1_0", "tool", "Bash", "echo second", prompt=2),
    ),
    runs=(Run(follow("first")), Run(follow("second"), (SKIP, "--continue"))),
    prompts=("user", "user"),
)

DENIED = Scenario(
    "denied",
    {
        "denied": [
            [Call("Write", {"file_path": "@project/b.txt", "content": "b\n"})],
            [bash("touch c.txt")],
            [read("@project/a.txt")],
            ["I may not."],
        ]
    },
    (
        Step(
            "denied_1_0", "tool", "Write", "@project/b.txt", "denied",
            error="Claude requested permissions to write", status_before="unknown",
        ),
        Step(
            "denied_2_0", "tool", "Bash", "touch c.txt", "denied",
            error="", status_before="unknown",
        ),
        Step("denied_3_0", "tool", "Read", "@project/a.txt"),
    ),
    runs=(Run(follow("denied"), ("--permission-mode", "default")),),
    files={"a.txt": "a\n"},
)  # fmt: skip

VETO = json.dumps(
    {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": "not today",
        }
    }
)
VETOED = Scenario(
    "vetoed",
    {"vetoed": [[bash("touch c.txt"), read("@project/a.txt")], ["My user's hook says no."]]},
    (
        Step(
            "vetoed_1_0",
            "tool",
            "Bash",
            "touch c.txt",
            "denied",
            error="PreToolUse:Bash hook error: not today",
        ),
        Step("vetoed_1_1", "tool", "Read", "@project/a.txt"),
    ),
    files={
        "a.txt": "a\n",
        "veto.json": VETO,
        ".claude/settings.json": json.dumps(
            {
                "hooks": {
                    "PreToolUse": [
                        {
                            "matcher": "Bash",
                            "hooks": [{"type": "command", "command": "cat @project/veto.json"}],
                        }
                    ]
                }
            }
        ),
    },
    since=(2, 1, 330),  # before, its hooks tell less, or in other words
)

API_ERROR = Scenario(
    "api-error",
    {"api-error": [[bash("echo one")], Failure(400, "invalid_request_error")]},
    (Step("api-error_1_0", "tool", "Bash", "echo one"),),
    runs=(Run(follow("api-error"), exit_code=1),),
    since=NEW,  # before, its Stop comes as ever
)

SCENARIOS = (
    BASIC, PARALLEL, FAILING, EXTENSIONS, COMMAND, AGENTS, NESTED, BACKGROUND, RESUMED, QUEUED,
    DENIED, API_ERROR, VETOED, MANY, BEHIND,
)  # fmt: skip
