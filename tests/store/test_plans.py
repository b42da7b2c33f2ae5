"""How SQLite goes about the statements of each batch."""

import re
import sqlite3

import pytest

from traced.store.statements import statement

# With the indexes that each must use; whatever else it reads are the keys it was given.
STATEMENTS = {
    "select_sessions": {"session_identity", "step_in_order"},
    "select_prompts_of": {"sqlite_autoindex_prompt_1"},
    "select_sub_agents_of": set(),
    "select_asks_of": set(),
    "select_running_of": {"step_running"},
    "select_latest_calls_of": {"step_in_order"},
    "select_calls": {"step_by_call"},
    "select_alike": {"step_alike"},
    "select_alike_since": {"step_alike"},
    "select_prompts": {"sqlite_autoindex_prompt_1", "sqlite_autoindex_prompt_2"},
    "select_orders": {"step_in_order"},
    "select_seen": set(),
    "select_steps_to_move": {"step_by_agent"},
    "move_steps": set(),
    "select_steps_to_show": {"step_by_agent"},
    "revise_steps": set(),
    "delete_ask": set(),
    "select_agents_of_sessions": {"session_by_id"},
    "select_running_sessions": {"step_running", "sub_agent_running"},
    "hide_sessions": set(),
    "drop_old_removals": set(),
    "delete_steps": {"session_removed"},
    "delete_seen_of": set(),
    "delete_asks_of": set(),
    "delete_sub_agents_of": set(),
    "delete_prompts_of": {"sqlite_autoindex_prompt_1"},
    "delete_sessions": {"step_by_prompt", "sqlite_autoindex_prompt_1"},
}
SCANS_ALLOWED = {
    "SCAN wanted VIRTUAL TABLE INDEX 1:",
    "SCAN json_each VIRTUAL TABLE INDEX 1:",
    "SCAN moved VIRTUAL TABLE INDEX 1:",
    "SCAN known VIRTUAL TABLE INDEX 1:",
    "SCAN revised VIRTUAL TABLE INDEX 1:",
    "SCAN running",  # what the statement itself has found
    # These hold what runs alone.
    "SCAN step USING INDEX step_running",
    "SCAN sub_agent USING INDEX sub_agent_running",
    "SCAN sub_agent USING COVERING INDEX sub_agent_running",
}


def plan(connection: sqlite3.Connection, name: str) -> list[str]:
    """Return what SQLite says that it will do."""
    sql = re.sub(r"^--.*\n", "", statement(name), flags=re.MULTILINE)
    named = dict.fromkeys(re.findall(r":(\w+)", sql), "[]")
    explained = connection.execute(f"EXPLAIN QUERY PLAN {sql}", named or ["[]"] * sql.count("?"))
    return [step for *_, step in explained]


@pytest.mark.parametrize("name", STATEMENTS)
def test_rows_are_looked_up(connection: sqlite3.Connection, name: str) -> None:
    """No table is read through: the cost of a batch does not grow with what is stored."""
    steps = plan(connection, name)

    assert [step for step in steps if step.startswith("SCAN") and step not in SCANS_ALLOWED] == []
    assert set(re.findall(r"USING (?:COVERING )?INDEX (\w+)", "\n".join(steps))) == STATEMENTS[name]


@pytest.mark.parametrize("name", STATEMENTS)
def test_lookups_use_all_that_is_given(connection: sqlite3.Connection, name: str) -> None:
    """A session's rows are not read through either where one of them is asked for."""
    searched = {
        "select_calls": "(session_pk=? AND call_id=?)",
        "select_orders": "(session_pk=? AND step_order=?)",
        "select_seen": "(session_pk=? AND digest=?)",
        "select_steps_to_move": "(session_pk=? AND agent_id=?)",
        "select_steps_to_show": "(session_pk=? AND agent_id=?)",
        "revise_steps": "SEARCH step USING INTEGER PRIMARY KEY (rowid=?)",
        "select_latest_calls_of": "(session_pk=? AND step_order>?)",
        "select_prompts": "(session_pk=? AND prompt_number=?)",
        "select_sessions": "(agent=? AND session_id=? AND owner_uid=?)",
        "delete_ask": "(session_pk=? AND match_key=? AND asked_at=?)",
        "delete_steps": "SEARCH step USING INTEGER PRIMARY KEY (rowid=?)",
        "delete_seen_of": "SEARCH seen_event USING PRIMARY KEY (session_pk=? AND digest=?)",
        "move_steps": "SEARCH step USING INTEGER PRIMARY KEY (rowid=?)",
    }

    assert searched.get(name, "SEARCH") in "\n".join(plan(connection, name))
