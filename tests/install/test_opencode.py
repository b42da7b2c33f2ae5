import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.daemon import wait_until

from traced.install.command import hook_commands
from traced.install.errors import SettingsError
from traced.install.opencode import AGENT, COMMAND, FIRST_LINE, SOURCE, is_ours, settings_path

PART = {"type": "tool", "callID": "c", "tool": "bash", "sessionID": "s"}
THEIRS = "export const Mine = async () => ({})\n"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not on PATH")


def part(status: str, kind: str = "tool") -> dict[str, object]:
    about = {"part": {**PART, "type": kind, "state": {"status": status}}}
    return {"type": "message.part.updated", "properties": about}


WANTED: list[dict[str, object]] = [
    {"type": "session.created", "properties": {"info": {"id": "s"}}},
    part("completed"),
    part("error"),
    {"type": "session.idle", "properties": {"sessionID": "s"}},
    {"type": "session.deleted", "properties": {"info": {"id": "s"}}},
]
UNWANTED: list[dict[str, object]] = [
    {"type": "session.updated", "properties": {"info": {"id": "s"}}},
    part("running"),
    part("completed", "text"),
]


def play(folder: Path, command: str, script: str) -> str:
    """Load the plugin as OpenCode does, run `script` on its `hooks`, return what it printed."""
    plugin = folder / "traced.mjs"
    plugin.write_bytes(AGENT.form.plan(folder / "traced.js", command, AGENT.events).after or b"")
    loaded = f"const hooks = await (await import({json.dumps(str(plugin))})).TracedPlugin({{}});"
    run = subprocess.run(
        ["node", "--input-type=module", "-e", f"{loaded}\n{script}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def test_the_plugin_is_a_file_of_our_own(tmp_path: Path) -> None:
    """In the user's folder of plugins, by XDG, or in the project's."""
    home = {"HOME": "/home/dev"}
    assert settings_path(home) == Path("/home/dev/.config/opencode/plugin/traced.js")
    other = settings_path(home | {"XDG_CONFIG_HOME": "/c"})
    assert other == Path("/c/opencode/plugin/traced.js")
    assert settings_path(home, tmp_path) == tmp_path / ".opencode/plugin/traced.js"


def test_the_source_is_ours_and_waits_for_its_command() -> None:
    """Its first line says whose it is, and one line takes the command."""
    source = SOURCE.read_text("utf-8")
    assert source.startswith(FIRST_LINE)
    assert source.count(COMMAND) == 1


def test_the_plugin_differs_from_its_source_in_the_command_alone(tmp_path: Path) -> None:
    """Quotes, backslashes and other letters survive."""
    command = """'/a "b" ü\\n/traced-hook' "$@" """
    after = AGENT.form.plan(tmp_path / "traced.js", command, AGENT.events).after or b""
    changed = set(after.decode().splitlines()) - set(SOURCE.read_text("utf-8").splitlines())
    [line] = changed
    assert json.loads(line.removeprefix("const COMMAND = ").removesuffix(";")) == command


def test_the_plugin_goes_without_a_trace(tmp_path: Path) -> None:
    """Also one of another version, which the first line shows; there is no backup."""
    path = tmp_path / "traced.js"
    path.write_text(f"{FIRST_LINE}, long ago\n")
    assert is_ours(path.read_text())
    AGENT.form.plan_uninstall(path).apply()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", THEIRS, f"\n{FIRST_LINE}\n"])
def test_what_stands_there_and_is_not_ours_stays(tmp_path: Path, text: str) -> None:
    """It is neither written over nor deleted; the error says what to do."""
    path = tmp_path / "traced.js"
    path.write_text(text)
    assert not AGENT.form.plan_uninstall(path).changes
    with pytest.raises(SettingsError, match=r"traced\.js: begins with '.*', expected .*: move it"):
        AGENT.form.plan(path, "true", AGENT.events)


@needs_node
def test_the_plugin_hands_over_the_events_that_traced_uses(tmp_path: Path) -> None:
    """Each as one event, with the hook's name and what it was given; the rest is passed over."""
    command = hook_commands("opencode", tmp_path / "no.sock", tmp_path / "spool")[0]
    told = play(
        tmp_path,
        command.shell,
        f"""
        await hooks["chat.message"]({{sessionID: "s"}}, {{message: {{id: "m"}}, parts: []}});
        await hooks["tool.execute.before"]({{tool: "bash", callID: "c"}}, {{args: {{}}}});
        for (const event of {json.dumps([*WANTED, *UNWANTED])}) hooks.event({{event}});
        await hooks.dispose();
        """,
    )
    assert told == ""
    expected = [
        {
            "hook": "chat.message",
            "input": {"sessionID": "s"},
            "output": {"message": {"id": "m"}, "parts": []},
        },
        {
            "hook": "tool.execute.before",
            "input": {"tool": "bash", "callID": "c"},
            "output": {"args": {}},
        },
        *({"hook": "event", "input": {"event": event}} for event in WANTED),
    ]
    spool = tmp_path / "spool"
    wait_until(lambda: len(list(spool.glob("[0-9]*"))) == len(expected), "the events")
    events = [json.loads(file.read_bytes()) for file in spool.glob("[0-9]*")]
    assert {event["agent"] for event in events} == {"opencode"}
    payloads = [event["payload"] for event in events]
    assert sorted(payloads, key=json.dumps) == sorted(expected, key=json.dumps)
    told_of = {payload["hook"] for payload in payloads} | {event["type"] for event in WANTED}
    assert told_of == {*AGENT.events, "event"}


def handed_over(folder: Path, script: str, count: int) -> list[dict[str, Any]]:
    """The envelopes that the client leaves of what `script` does, in no order: so many."""
    spool = folder / "spool"
    command = hook_commands("opencode", folder / "no.sock", spool)[0]
    play(folder, command.shell, f"{script}\nawait hooks.dispose();")
    wait_until(lambda: len(list(spool.glob("[0-9]*"))) == count, "the events")
    return [json.loads(file.read_bytes()) for file in spool.glob("[0-9]*")]


@needs_node
def test_the_plugin_says_whose_sub_agent_a_session_is(tmp_path: Path) -> None:
    """It learns it when the session begins or changes, and hands over no beginning of its own."""
    events = handed_over(
        tmp_path,
        """
        const tell = (type, info) => hooks.event({event: {type, properties: {info}}});
        await tell("session.created", {id: "c", parentID: "s"});
        await tell("session.updated", {id: "d", parentID: "c"});
        await tell("message.updated", {id: "s", parentID: "of a message"});
        for (const sessionID of ["s", "c", "d"]) {
          hooks["chat.message"]({sessionID}, {});
          hooks["tool.execute.before"]({tool: "bash", sessionID}, {});
          hooks.event({event: {type: "session.idle", properties: {sessionID}}});
        }
        """,
        9,
    )
    found = [event["payload"].get("lineage") for event in events]
    assert sorted(found, key=str) == [*[None] * 3, *[["s", "c", "d"]] * 3, *[["s", "c"]] * 3]


@needs_node
def test_the_plugin_names_a_running_calls_sub_agent_once(tmp_path: Path) -> None:
    """Its part is told again with every line of output."""
    state = {"status": "running", "metadata": {"sessionId": "c"}}
    properties = {"part": {"type": "tool", "tool": "task", "callID": "1", "state": state}}
    event = {"type": "message.part.updated", "properties": properties}
    script = f"for (const event of Array(3).fill({json.dumps(event)})) hooks.event({{event}});"
    [told] = handed_over(tmp_path, script, 1)
    assert told["payload"]["input"]["event"] == event


@needs_node
def test_the_plugin_knows_the_servers_of_mcp_tools(tmp_path: Path) -> None:
    """By the configuration; of two that fit, the longer name."""
    events = handed_over(
        tmp_path,
        """
        await hooks.config({mcp: {"my": {}, "my.own": {}}});
        for (const tool of ["my_own_add", "my_add", "bash"])
          hooks["tool.execute.before"]({tool, sessionID: "s"}, {});
        """,
        3,
    )
    payloads = [event["payload"] for event in events]
    found = {each["input"]["tool"]: each.get("mcp_server") for each in payloads}
    assert found == {"my_own_add": "my_own", "my_add": "my", "bash": None}


@needs_node
def test_the_plugin_names_its_process(tmp_path: Path) -> None:
    """Also below an agent that has named its own: when OpenCode is gone, so is what it ran."""
    [told] = handed_over(
        tmp_path, 'await hooks["chat.message"]({sessionID: String(process.pid)}, {});', 1
    )
    assert told["agent_pid"] == int(told["payload"]["input"]["sessionID"])


@needs_node
def test_the_plugin_never_throws_into_its_host(tmp_path: Path) -> None:
    """Whatever it is given, and whether its client reads, fails or is gone."""
    told = play(
        tmp_path,
        "exit 1",
        """
        const circular = {}; circular.it = circular;
        await hooks["chat.message"](circular, 1n);
        await hooks["tool.execute.before"](undefined, {args: "x".repeat(1 << 20)});
        for (const input of [undefined, null, {}, {event: null}, {event: {type: "x"}}])
          await hooks.event(input);
        await hooks.event({event: {type: "message.part.updated"}});
        await hooks.event({event: {type: 5, properties: {info: {id: 1, parentID: 2}}}});
        await hooks.event({event: {type: "session.created", properties: null}});
        for (const config of [undefined, null, {}, {mcp: 5}]) await hooks.config(config);
        await hooks.dispose();
        console.log("alive");
        """,
    )
    assert told == "alive\n"
