import json
from pathlib import Path

import pytest

from traced.install.agent import (
    Agent,
    JsonForm,
    Subscription,
    folder_named,
    home_folder,
    no_warnings,
    strict_json_warnings,
    switch_warnings,
)
from traced.install.errors import SettingsError
from traced.install.settings_file import Plan

COMMAND = "/v/bin/python -ISE /v/traced/client/hook.py --agent some"
FORM = JsonForm(lambda event, command: {"command": command, "at": event}, {"version": 1})


def agent(folder: Path) -> Agent:
    return Agent(
        name="some",
        programs=("some-agent", "some"),
        events=("start", "stop"),
        form=FORM,
        folder=lambda _environment: folder,
        settings_path=lambda _environment, _project: folder / "hooks.json",
    )


def planned(text: str | None) -> Plan:
    return Plan(Path("/s.json"), None, None if text is None else text.encode())


def test_a_program_on_path_tells_that_the_agent_is_here(tmp_path: Path) -> None:
    """Any of its names, if it can be run; before its folder."""
    program = tmp_path / "some"
    program.write_text("#!/bin/sh\n")
    assert agent(tmp_path / "none").sign({"PATH": str(tmp_path)}) is None
    program.chmod(0o755)
    assert agent(tmp_path).sign({"PATH": f"/nowhere:{tmp_path}"}) == program


def test_a_folder_of_settings_tells_it_too(tmp_path: Path) -> None:
    """Without a program on PATH, or without PATH; a file of that name does not."""
    assert agent(tmp_path).sign({"PATH": "/nowhere"}) == tmp_path
    assert agent(tmp_path).sign({}) == tmp_path
    (tmp_path / "file").touch()
    assert agent(tmp_path / "file").sign({}) is None


def test_without_a_choice_all_events_are_for_any_version(tmp_path: Path) -> None:
    """Where the version matters, what it knows is chosen."""
    some = agent(tmp_path)
    assert some.subscription() == (("start", "stop"), None)
    picky = some._replace(choose=lambda version: Subscription(("stop",), version))
    assert picky.subscription("2") == (("stop",), "2")


def test_settings_in_json_get_an_entry_for_each_event_and_lose_it(tmp_path: Path) -> None:
    """What the agent wants beside the hooks comes with them; a new file goes again."""
    path = tmp_path / "hooks.json"
    FORM.plan(path, COMMAND, ("start", "stop")).apply()
    assert json.loads(path.read_bytes()) == {
        "hooks": {
            "start": [{"command": COMMAND, "at": "start"}],
            "stop": [{"command": COMMAND, "at": "stop"}],
        },
        "version": 1,
    }
    assert not FORM.plan(path, COMMAND, ("start", "stop")).changes
    FORM.plan_uninstall(path).apply()
    assert not path.exists()


def test_only_the_file_of_our_name_is_our_own(tmp_path: Path) -> None:
    """Another agent's settings are backed up whatever is left of them."""
    assert not FORM.plan_uninstall(tmp_path / "hooks.json").own
    assert FORM._replace(own=True).plan_uninstall(tmp_path / "traced.json").own


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """The path is in the error."""
    path = tmp_path / "hooks.json"
    path.write_text("{")
    with pytest.raises(SettingsError, match=r"hooks\.json: line 1, column 2: read the end"):
        FORM.plan(path, COMMAND, ("stop",))


def test_home_is_where_the_environment_says() -> None:
    """Without HOME it is the user's."""
    assert home_folder({"HOME": "/home/dev"}) == Path("/home/dev")
    assert home_folder({"HOME": ""}) == home_folder({}) == Path.home()


def test_a_variable_names_a_folder_unless_it_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative one is that of this folder."""
    monkeypatch.chdir(tmp_path)
    assert folder_named({"F": "/f"}, "F", Path("/d")) == Path("/f")
    assert folder_named({"F": "f"}, "F", Path("/d")) == tmp_path / "f"
    assert folder_named({"F": ""}, "F", Path("/d")) == folder_named({}, "F", Path("/d"))


@pytest.mark.parametrize(("text", "count"), [(None, 0), ("{}", 0), ("{/**/}", 1), ('{"a":1,}', 1)])
def test_what_a_strict_reader_would_not_read_is_warned_about(text: str | None, count: int) -> None:
    """Comments and trailing commas are no JSON; a file that goes away needs no warning."""
    assert len(strict_json_warnings(planned(text), "Some")) == count


def test_a_switch_that_keeps_hooks_from_running_is_warned_about() -> None:
    """It is told by its keys; any other value, or none, is no reason."""
    off = planned('{"config": {"hooks": false}}')
    assert switch_warnings(off, "Some", "false", "config", "hooks") == [
        '/s.json has "config.hooks": false: Some runs no hook'
    ]
    for text in (None, "{}", '{"config": 1}', '{"config": {"hooks": true}}'):
        assert switch_warnings(planned(text), "Some", "false", "config", "hooks") == []


def test_an_agent_may_have_nothing_to_warn_about() -> None:
    """Then there are no warnings."""
    assert no_warnings(planned("{}")) == []
