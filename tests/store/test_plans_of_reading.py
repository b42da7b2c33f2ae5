"""How SQLite goes about what readers ask: the commands, the API, the viewer, exports."""

import re
import sqlite3
from importlib import resources

import pytest

from traced.store.statements import statement

# With what reads more than it is asked for, and why that is bounded.
READ = {
    "changed_between": set[str](),
    "changed_steps": {
        "SCAN made", "SCAN changed", "USE TEMP B-TREE FOR ORDER BY",  # twice :limit rows
    },
    "count_prompts_with_steps": {  # the prompts of a day
        "SCAN used", "USE TEMP B-TREE FOR DISTINCT", "USE TEMP B-TREE FOR GROUP BY",
    },
    "count_recorded": {  # what prune --dry-run counts, once
        "SCAN ledger", "SCAN session USING COVERING INDEX session_recent",
        "SCAN step USING COVERING INDEX step_in_order",
    },
    "export_prompts": {  # two pages of numbers
        "SCAN listed", "SCAN used", "SCAN numbered", "UNION USING TEMP B-TREE",
        "USE TEMP B-TREE FOR ORDER BY",
    },
    "export_sessions": set(),
    "export_steps": set(),
    "find_sessions": {"USE TEMP B-TREE FOR ORDER BY"},  # those with one beginning of an id
    "forward_content": set(),
    "forward_new_prompts": {  # :limit rows and the JSON list
        "SCAN json_each VIRTUAL TABLE INDEX 1:", "SCAN later", "USE TEMP B-TREE FOR ORDER BY",
    },
    "forward_newest_prompt": set(),
    "forward_position": {"SCAN ledger"},  # its one row
    "forward_prompts": {"SCAN asked VIRTUAL TABLE INDEX 1:"},  # the JSON list
    "forward_running": {"SCAN step USING INDEX step_running"},  # nothing else is in it
    "forward_sessions": {"SCAN json_each VIRTUAL TABLE INDEX 1:"},
    "forward_steps": {"SCAN json_each VIRTUAL TABLE INDEX 1:"},
    "forward_witness": set(),
    "list_agents": {"USE TEMP B-TREE FOR ORDER BY"},  # of one session
    "list_prompts": set(),
    "list_rejected": {"SCAN rejected"},  # from its end, :limit rows
    "list_sessions": {"SCAN session USING INDEX session_recent"},  # from its end, :limit rows
    "list_steps": {"USE TEMP B-TREE FOR ORDER BY"},  # of one session, by time
    "list_steps_of_prompt": {"USE TEMP B-TREE FOR ORDER BY"},
    "newest_revision": set(),
    "page_fitting": set(),
    "page_recent": set(),
    "page_sessions": set(),
    "page_steps": set(),
    "page_steps_of_prompt": set(),
    "page_window": {"SCAN looked"},  # :scanned ids
    "recent_fitting": set(),
    "recent_steps": {  # from its end, :limit rows
        "SCAN step", "SCAN latest", "USE TEMP B-TREE FOR ORDER BY",
    },
    "sessions_by_id": set(),
    "slowest_between": {"SCAN slowest", "USE TEMP B-TREE FOR ORDER BY"},  # those of a window
    "slowest_of_session": {"SCAN slowest", "USE TEMP B-TREE FOR ORDER BY"},
    "view_durations": {"USE TEMP B-TREE FOR GROUP BY"},  # of one session
    "view_kinds": {"USE TEMP B-TREE FOR GROUP BY", "USE TEMP B-TREE FOR ORDER BY"},
    "view_notable": {
        "SCAN (subquery-1)", "SCAN (subquery-3)", "USE TEMP B-TREE FOR ORDER BY",  # of one session
    },
    "view_prompts": set(),
    "view_sessions": set(),
    "view_bars": set(),
    "view_steps": {  # of one session
        "SCAN (subquery-4)", "SCAN fitting", "USE TEMP B-TREE FOR ORDER BY",
        "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY",
    },
}  # fmt: skip
CONSTANTS = {"SCAN CONSTANT ROW"}


@pytest.mark.parametrize("name", READ)
def test_nothing_is_read_through(connection: sqlite3.Connection, name: str) -> None:
    """Of the big table only what was asked for is read, and sorted only what is bounded."""
    sql = re.sub(r"^--.*\n", "", statement(name), flags=re.MULTILINE)
    asked = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", asked)]

    found = {step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step}
    assert found - CONSTANTS == READ[name]


def test_every_question_is_looked_at() -> None:
    """A new statement that readers ask has its line above."""
    files = [file.name for file in resources.files("traced.sql").iterdir()]
    beginnings = ("changed_", "export_", "find_", "forward_", "list_", "page_", "recent_", "view_")
    asked = {name.removesuffix(".sql") for name in files if name.startswith(beginnings)}

    assert asked - set(READ) == {"list_unused_sessions"}  # retention's, in slices
