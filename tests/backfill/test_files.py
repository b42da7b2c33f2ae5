"""Which files tell of one session."""

import os
from pathlib import Path

import pytest

from traced.backfill.files import SessionFiles, sessions, sub_agent_of
from traced.backfill.told import SubAgent
from traced.core.errors import TracedError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two sessions, one of them with two sub-agents."""
    beside = tmp_path / "project" / "s1" / "subagents"
    beside.mkdir(parents=True)
    for name in ("project/s1.jsonl", "project/s2.jsonl", "project/notes.txt"):
        (tmp_path / name).touch()
    for name in ("agent-a2.jsonl", "agent-a1.jsonl"):
        (beside / name).touch()
    (beside / "agent-a1.meta.json").write_text('{"agentType":"Explore"}')
    return tmp_path


def named(path: Path, found: list[SessionFiles]) -> list[list[str]]:
    """Return the names of each session's files."""
    return [[str(each.relative_to(path)) for each in session.paths] for session in found]


def test_a_folder_holds_sessions_with_their_sub_agents(folder: Path) -> None:
    """In the order of their names, each once."""
    assert named(folder, list(sessions([folder, folder / "project"]))) == [
        [
            "project/s1.jsonl",
            "project/s1/subagents/agent-a1.jsonl",
            "project/s1/subagents/agent-a2.jsonl",
        ],
        ["project/s2.jsonl"],
    ]


@pytest.mark.parametrize("name", ["s1.jsonl", "s1/subagents/agent-a1.jsonl", "s1"])
def test_whichever_file_is_named_the_session_is_whole(folder: Path, name: str) -> None:
    """What a prompt used is in all of them, and told in one figure."""
    (found,) = sessions([folder / "project" / name])

    assert found.main == folder / "project" / "s1.jsonl"
    assert [path.name for path in found.sub_agents] == ["agent-a1.jsonl", "agent-a2.jsonl"]


def test_sub_agents_of_old_versions_stand_beside_the_sessions(tmp_path: Path) -> None:
    """Which is whose, only their lines say: they come when all sessions are known."""
    for name in ("agent-a1.jsonl", "s1.jsonl"):
        (tmp_path / name).touch()

    assert named(tmp_path, list(sessions([tmp_path]))) == [["s1.jsonl"], ["agent-a1.jsonl"]]


def test_what_is_not_there_is_refused(folder: Path) -> None:
    """By its whole name."""
    with pytest.raises(TracedError, match=r"missing.jsonl does not exist"):
        list(sessions([folder / "missing.jsonl"]))


def test_what_is_neither_file_nor_folder_is_refused(folder: Path) -> None:
    """A pipe could be read once only, and is asked twice what it is."""
    os.mkfifo(folder / "pipe")
    with pytest.raises(TracedError, match=r"pipe is neither a file nor a folder"):
        list(sessions([folder / "pipe"]))


def test_a_file_that_is_named_may_have_any_name(folder: Path) -> None:
    """What is in it tells what it is; of a folder, only files of JSON lines are looked at."""
    assert named(folder, list(sessions([folder / "project/notes.txt"]))) == [["project/notes.txt"]]


def test_a_sub_agents_file_says_whose_it_is(folder: Path) -> None:
    """Its id is in its name, its type in the file beside it, if that can be read."""
    beside = folder / "project" / "s1" / "subagents"

    assert sub_agent_of(beside / "agent-a1.jsonl") == SubAgent("a1", "Explore")
    assert sub_agent_of(beside / "agent-a2.jsonl") == SubAgent("a2", None)
    assert sub_agent_of(folder / "project" / "s1.jsonl") is None


def test_a_pipe_beside_a_sub_agents_file_holds_nobody_up(tmp_path: Path) -> None:
    """It says nothing of its type."""
    os.mkfifo(tmp_path / "agent-a1.meta.json")

    assert sub_agent_of(tmp_path / "agent-a1.jsonl") == SubAgent("a1", None)


def test_what_of_a_folder_cannot_be_looked_at_is_told_once(folder: Path) -> None:
    """The rest is found: here a link to itself stands where sub-agents would be."""
    beside = folder / "project" / "s2"
    beside.mkdir()
    (beside / "subagents").symlink_to("subagents")
    told: list[OSError] = []

    found = named(folder, list(sessions([folder, folder / "project" / "s2.jsonl"], told.append)))

    assert [names[0] for names in found] == ["project/s1.jsonl", "project/s2.jsonl"]
    assert [error.filename for error in told] == [str(beside / "subagents")]


def test_a_path_that_cannot_be_looked_at_is_refused(tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(TracedError, match=r"loop cannot be read \(Too many levels"):
        list(sessions([tmp_path / "loop"]))
