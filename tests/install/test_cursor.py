import json
from pathlib import Path

from traced.install.cursor import AGENT, settings_path

COMMAND = "/v/traced-hook"


def test_hooks_are_in_a_file_of_their_own(tmp_path: Path) -> None:
    """In the user's folder or the project's."""
    assert settings_path({"HOME": "/home/dev"}) == Path("/home/dev/.cursor/hooks.json")
    assert settings_path({}, tmp_path) == tmp_path / ".cursor/hooks.json"


def test_an_entry_is_a_command_and_the_file_has_a_version(tmp_path: Path) -> None:
    """Version 1 is the only one that is documented."""
    plan = AGENT.form.plan(tmp_path / "hooks.json", COMMAND, ("stop",))
    assert json.loads(plan.after or b"") == {
        "hooks": {"stop": [{"command": COMMAND}]},
        "version": 1,
    }


def test_of_a_call_only_the_generic_events_are_subscribed_to() -> None:
    """Those of shells, MCP calls and files tell of the same calls again, without their id."""
    assert {event for event in AGENT.events if event.startswith(("before", "after"))} == {
        "beforeSubmitPrompt"
    }


def test_its_user_is_told_on_what_it_rests() -> None:
    """The program itself was not at hand."""
    assert any("documentation" in note for note in AGENT.notes)
