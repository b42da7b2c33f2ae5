from pathlib import Path

from traced.install.codex import AGENT, settings_path

COMMAND = "/v/traced-hook"


def test_hooks_are_in_a_file_of_their_own(tmp_path: Path) -> None:
    """In CODEX_HOME, which is ~/.codex by default, or in the project's folder."""
    home = {"HOME": "/home/dev"}
    assert settings_path(home) == Path("/home/dev/.codex/hooks.json")
    assert settings_path(home | {"CODEX_HOME": "/c"}) == Path("/c/hooks.json")
    assert settings_path(home | {"CODEX_HOME": "/c"}, tmp_path) == tmp_path / ".codex/hooks.json"


def test_an_entry_is_a_group_without_a_matcher(tmp_path: Path) -> None:
    """Codex warns at each start of a SessionEnd or Interrupt hook that may take more than 3 s."""
    seconds = {}
    for event in AGENT.events:
        plan = AGENT.form.plan(tmp_path / "hooks.json", COMMAND, (event,))
        head = f'{{\n  "hooks": {{\n    "{event}": [\n      {{\n        "hooks": [\n          {{\n'
        text = (plan.after or b"").decode()
        assert text.startswith(head)
        assert f'"type": "command",\n            "command": "{COMMAND}"' in text
        seconds[event] = int(text.partition('"timeout": ')[2].partition("\n")[0])
    assert {event for event, limit in seconds.items() if limit == 3} == {"SessionEnd", "Interrupt"}
    assert set(seconds.values()) == {3, 5}


def test_its_user_is_told_to_trust_the_hooks() -> None:
    """Without that Codex skips them, and says nothing."""
    assert any("/hooks" in note for note in AGENT.notes)


def test_comments_are_warned_about(tmp_path: Path) -> None:
    """Codex 0.169 reads strict JSON: of a file with a comment it runs no hook."""
    path = tmp_path / "hooks.json"
    path.write_text("{} // mine")
    [warning] = AGENT.warnings(AGENT.form.plan(path, COMMAND, AGENT.events))
    assert "Codex reads strict JSON" in warning
