from contextlib import closing
from pathlib import Path

from support.rows import START, Recording

from traced.store.prompting import Prompting, prompting_since
from traced.store.reader import open_reader


def since_start(recording: Recording) -> list[Prompting]:
    """What the agents did from START on."""
    with closing(open_reader(recording.path)) as connection:
        return prompting_since(connection, START)


def test_prompts_with_and_without_steps_are_counted(tmp_path: Path) -> None:
    """Several steps of one prompt count once; what was before the first prompt is none."""
    recording = Recording(tmp_path / "traced.db")
    with closing(recording.connection):
        session = recording.session(steps=3)
        for number in (0, 1, 2, 3):
            recording.prompt(session, number, started_at=START)
        recording.step(session, 1, prompt_number=0)
        recording.step(session, 2, prompt_number=2)
        recording.step(session, 3, prompt_number=2)

        assert since_start(recording) == [Prompting("claude-code", 3, 1, had_steps=True)]


def test_older_prompts_and_removed_sessions_are_left_out(tmp_path: Path) -> None:
    """But steps of older sessions tell that the agent has had some."""
    recording = Recording(tmp_path / "traced.db")
    with closing(recording.connection):
        old = recording.session("old", last_event_at=START - 1, steps=1)
        recording.prompt(old, 1, started_at=START - 1)
        recording.step(old, 1)
        gone = recording.session("gone", agent="codex", removed_at=START)
        recording.prompt(gone, 1, started_at=START)
        new = recording.session("new")
        recording.prompt(new, 1, started_at=START - 1)
        recording.prompt(new, 2, started_at=START)

        assert since_start(recording) == [Prompting("claude-code", 1, 0, had_steps=True)]


def test_an_agent_without_any_step_is_told(tmp_path: Path) -> None:
    """Agents come by name."""
    recording = Recording(tmp_path / "traced.db")
    with closing(recording.connection):
        for agent in ("b", "a"):
            recording.prompt(recording.session(agent=agent), 1, started_at=START)

        assert since_start(recording) == [
            Prompting("a", 1, 0, had_steps=False),
            Prompting("b", 1, 0, had_steps=False),
        ]
