import json
import os
from pathlib import Path

from traced.backfill.files import SessionFiles, sessions
from traced.backfill.rollouts import by_session, is_rollout


def put(path: Path, thread_id: str, session_id: str | None = None, **meta: object) -> Path:
    """Write the first line of a rollout."""
    path.parent.mkdir(parents=True, exist_ok=True)
    payload = {"id": thread_id, **({"session_id": session_id} if session_id else {}), **meta}
    path.write_text(json.dumps({"type": "session_meta", "payload": payload}) + "\n")
    return path


def test_a_session_is_its_own_file_and_those_of_its_sub_agents(tmp_path: Path) -> None:
    """Its own first, in whichever folder of a day each is."""
    child = put(tmp_path / "2026/11/22/rollout-b.jsonl", "t2", "t1")
    own = put(tmp_path / "2026/11/22/rollout-c.jsonl", "t1", "t1")
    late = put(tmp_path / "2026/11/23/rollout-a.jsonl", "t3", "t1")
    other = put(tmp_path / "2026/11/23/rollout-b.jsonl", "t4", "t4")

    assert list(sessions([tmp_path])) == [
        SessionFiles(own, (child, late)),
        SessionFiles(other, ()),
    ]


def test_older_sub_agents_name_their_parent(tmp_path: Path) -> None:
    """They had no session id."""
    own = put(tmp_path / "rollout-b.jsonl", "t1")
    launched = {"subagent": {"thread_spawn": {"parent_thread_id": "t1"}}}
    child = put(tmp_path / "rollout-a.jsonl", "t2", source=launched)

    assert list(by_session([child, own])) == [(own, child)]


def test_a_named_file_brings_the_others_of_its_day(tmp_path: Path) -> None:
    """Whichever of them was named."""
    own = put(tmp_path / "rollout-a.jsonl", "t1", "t1")
    child = put(tmp_path / "rollout-b.jsonl", "t2", "t1")
    put(tmp_path / "rollout-c.jsonl", "t3", "t3")

    assert list(sessions([child])) == [SessionFiles(own, (child,))]
    assert list(sessions([child, own])) == [SessionFiles(own, (child,))]


def test_a_file_that_says_nothing_is_alone(tmp_path: Path) -> None:
    """It is read all the same, and refused by whoever cannot make anything of it."""
    empty = tmp_path / "rollout-a.jsonl"
    empty.write_bytes(b"")
    broken = tmp_path / "rollout-b.jsonl"
    broken.write_bytes(b"[1]\n")

    assert list(by_session([empty, broken])) == [(empty,), (broken,)]


def test_rollouts_are_known_by_their_names(tmp_path: Path) -> None:
    """What lies beside them is not theirs."""
    assert is_rollout(tmp_path / "rollout-2026-11-22T07-02-01-x.jsonl")
    assert not is_rollout(tmp_path / "session.jsonl")
    assert not is_rollout(tmp_path / "rollout-x.jsonl.bak")


def test_a_pipe_of_a_rollouts_name_holds_nobody_up(tmp_path: Path) -> None:
    """It stands for itself, and is refused when it is read."""
    os.mkfifo(tmp_path / "rollout-a.jsonl")

    assert list(by_session([tmp_path / "rollout-a.jsonl"])) == [(tmp_path / "rollout-a.jsonl",)]
