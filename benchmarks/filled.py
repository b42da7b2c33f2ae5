"""
A database as months of use leave it, made in minutes: ``python -m benchmarks.filled DIR``.

Law: the program's own migrations make the schema, SQL alone the rows, so that ten million of them
need no daemon; the same count gives the same rows, but for the times, which end now. Sessions run
sixteen at once, one of them a third of all steps, and are spread over 90 days.
"""

import argparse
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.events import WORDS
from traced.store.database import prepare

ROWS = 10_000_000
# A daemon on it keeps all: by default it would begin to remove what is beyond 2 GiB.
KEEP_ALL = {"TRACED_RETENTION_DAYS_MAX": "0", "TRACED_RETENTION_BYTES_MAX": "0"}
BLOCKS_MAX = 200
BLOCK_ROWS_MIN = 2000
DAYS = 90
DAY_MS = 24 * 60 * 60 * 1000
# How often each of the sessions that run at once has a turn; a block of them ends, the next begins.
SHARES = (24, 8, 6, 5, 4, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1)
TURNS = sum(SHARES)
AGENTS = ("claude-code", "claude-code", "codex", "gemini-cli", "custom-agent")
STEPS_A_PROMPT = 20
TEXTS = 2000
# Names by how often they are used; those of MCP tools stand with their server.
COMMON = {"Bash": 76, "Read": 48, "Edit": 32, "Grep": 20, "Write": 12, "Glob": 10, "TodoWrite": 8}
RARE = ("WebFetch", "WebSearch", "NotebookEdit", "MultiEdit", "apply_patch", "read_file", "shell")
SERVERS = ("github", "jira", "browser", "docs")
MCP = ("get", "list", "search", "create", "update", "comment", "navigate")
SKILLS = ("commit", "review", "release-notes")
# The bits of `ranks` of a native step, and of a call whose start and end came: core/ledger/step.py.
RANKS_NATIVE = 133
RANKS_PAIR = 643_261_546_889_357

TABLES = """
CREATE TEMP TABLE turn (k INTEGER PRIMARY KEY);
CREATE TEMP TABLE slot (slot INTEGER PRIMARY KEY, member INT, share INT, place INT, agent TEXT);
CREATE TEMP TABLE tool (n INTEGER PRIMARY KEY, trace_type TEXT, name TEXT, source TEXT);
CREATE TEMP TABLE prose (n INTEGER PRIMARY KEY, input TEXT, output TEXT, ms INT);
"""

# k counts within the block; :first is the place of its first step among all, :pk its first session.
# Ids are even and the odd numbers between are revisions, as both come from one sequence.
STEPS = f"""
WITH placed AS (
    SELECT
        k, slot.agent, slot.agent <> 'custom-agent' AS paired, :pk + slot.member AS session_pk,
        (k / {TURNS}) * slot.share + slot.place AS before,
        ((:first + k) * 2654435761) >> 8 AS chance
    FROM turn JOIN slot ON slot.slot = k % {TURNS}
    WHERE k < :count
),
drawn AS (
    SELECT
        *, before / {STEPS_A_PROMPT} + 1 AS prompt_number, before % {STEPS_A_PROMPT} AS place,
        paired AND before / {STEPS_A_PROMPT} % 4 = 1 AS delegates,
        CASE
            WHEN chance % 1000 < 50 THEN 'error' WHEN chance % 1000 < 53 THEN 'denied'
            WHEN chance % 1000 < 56 THEN 'cancelled' WHEN chance % 1000 < 60 THEN 'unknown'
            ELSE 'ok'
        END AS status
    FROM placed
)
INSERT INTO step (
    id, revision, session_pk, step_order, prompt_number, trace_type, name, status, source,
    input_summary, output_summary, error, started_at, ended_at, duration_ms, call_id, agent_id,
    agent_type, child_agent_id, event_id, peer_uid, created_at, ranks, match_key
)
SELECT
    2 * (:first + k), 2 * (:first + k) + paired, session_pk, before + 1, prompt_number,
    CASE WHEN delegates AND place = 8 THEN 'agent' ELSE tool.trace_type END,
    CASE WHEN delegates AND place = 8 THEN 'general-purpose' ELSE tool.name END,
    status, CASE WHEN NOT (delegates AND place = 8) THEN tool.source END,
    prose.input || ' src/part' || (chance % 4099) || '.py',
    CASE WHEN status <> 'error' THEN answer.output END,
    CASE WHEN status = 'error' THEN substr(answer.output, 1, 120) END,
    :began + CAST(k * :pace AS INTEGER),
    CASE WHEN status <> 'unknown' THEN :began + CAST(k * :pace AS INTEGER) + prose.ms END,
    CASE WHEN status <> 'unknown' THEN CAST(prose.ms AS REAL) END,
    CASE WHEN paired THEN printf('toolu_%024x', :first + k) END,
    CASE WHEN delegates AND place BETWEEN 10 AND 15 THEN printf('a%016x', prompt_number) END,
    CASE WHEN delegates AND place BETWEEN 10 AND 15 THEN 'general-purpose' END,
    CASE WHEN delegates AND place = 8 THEN printf('a%016x', prompt_number) END,
    CASE WHEN paired THEN printf('%08x-%012x', chance, :first + k) END,
    1000, :began + CAST(k * :pace AS INTEGER) + prose.ms + 5,
    CASE WHEN paired THEN {RANKS_PAIR} ELSE {RANKS_NATIVE} END, CASE WHEN paired THEN chance END
FROM drawn
JOIN tool ON tool.n = (chance >> 3) & 255
JOIN prose ON prose.n = (chance >> 5) % {TEXTS}
JOIN prose AS answer ON answer.n = (chance >> 7) % {TEXTS}
"""

SESSIONS = """
INSERT INTO session (
    pk, agent, session_id, cwd, model, started_at, opened_at, ended_at, end_reason, last_event_at,
    steps, errors
)
SELECT
    session_pk, agent, printf('%08x-%04x-4000-8000-%012x', session_pk * 40503, member, session_pk),
    '/home/dev/project' || member, 'model-' || member % 4, min(started_at), min(started_at),
    max(created_at), 'exit', max(created_at), count(*), count(*) FILTER (WHERE status = 'error')
FROM step JOIN (SELECT DISTINCT member, agent FROM slot) ON member = session_pk - :pk
WHERE session_pk >= :pk GROUP BY session_pk
"""

PROMPTS = """
INSERT INTO prompt (session_pk, prompt_number, prompt_id, summary, started_at, ended_at)
SELECT
    session_pk, prompt_number, printf('%08x-%08x', session_pk, prompt_number),
    'Please look at ' || max(input_summary), min(started_at), max(ended_at)
FROM step WHERE session_pk >= :pk GROUP BY session_pk, prompt_number
"""

SUB_AGENTS = """
INSERT INTO sub_agent (
    session_pk, agent_id, agent_type, call_id, prompt_number, prompt_rank, started_at, ended_at,
    status
)
SELECT
    session_pk, child_agent_id, name, call_id, prompt_number, 3, started_at, ended_at, 'ok'
FROM step WHERE session_pk >= :pk AND child_agent_id IS NOT NULL
"""

# Each call is told by two events, and each is remembered for a week.
SEEN = f"""
INSERT OR IGNORE INTO seen_event (session_pk, digest, step_order)
SELECT session_pk, random(), step_order
FROM step JOIN (SELECT 1 UNION ALL SELECT 2)
WHERE session_pk >= :pk AND call_id IS NOT NULL AND created_at > :now - 7 * {DAY_MS}
"""


def main() -> None:
    """Make the database that the command line asks for, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where traced.db is made, if it is not there")
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    began = time.monotonic()
    path = fill(options.folder, options.rows)
    print(f"{path}: {path.stat().st_size / 2**30:.2f} GiB in {time.monotonic() - began:.0f} s")


def fill(folder: Path, rows: int) -> Path:
    """Make the database of so many steps, unless it is there; return its path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "traced.db"
    if path.exists():
        return path
    half_made = folder / "filling.db"
    _remove(half_made)
    with closing(sqlite3.connect(half_made, isolation_level=None)) as connection:
        prepare(connection, half_made, "process")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA foreign_keys = OFF")  # a session's row sums up its steps
        _fill(connection, rows)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    half_made.chmod(0o600)
    half_made.rename(path)
    return path


def _fill(connection: sqlite3.Connection, rows: int) -> None:
    now = time.time_ns() // 1_000_000
    pace = DAYS * DAY_MS / rows  # of the steps of all sessions
    block = -(-max(rows // BLOCKS_MAX, BLOCK_ROWS_MIN) // TURNS) * TURNS
    _draw(connection, block)
    for number, first in enumerate(range(0, rows, block)):
        values = {
            "first": first + 1,
            "count": min(block, rows - first),
            "pk": number * len(SHARES) + 1,
            "began": now - int((rows - first) * pace),
            "pace": pace,
            "now": now,
        }
        connection.execute("BEGIN")
        for statement in (STEPS, SESSIONS, PROMPTS, SUB_AGENTS, SEEN):
            connection.execute(statement, values)
        connection.execute("UPDATE ledger SET sequence = ?", (2 * (first + block) + 1,))
        connection.execute("COMMIT")


def _draw(connection: sqlite3.Connection, block: int) -> None:
    """Make the small tables from which each step takes its name, texts and turn."""
    connection.executescript(TABLES)
    chance = random.Random(1)
    connection.executemany("INSERT INTO turn VALUES (?)", ((k,) for k in range(block)))
    places = [(member, share, at) for member, share in enumerate(SHARES) for at in range(share)]
    turns = sorted(places, key=lambda place: (place[2] + 0.5) / place[1])
    connection.executemany(
        "INSERT INTO slot VALUES (?, ?, ?, ?, ?)",
        (
            (slot, member, share, at, AGENTS[member % len(AGENTS)])
            for slot, (member, share, at) in enumerate(turns)
        ),
    )
    tools = list(_tools())
    connection.executemany(
        "INSERT INTO tool VALUES (?, ?, ?, ?)",
        ((number, *tools[number % len(tools)]) for number in range(256)),
    )
    connection.executemany(
        "INSERT INTO prose VALUES (?, ?, ?, ?)",
        (
            (n, _text(chance, 20, 180), _text(chance, 60, 460), int(chance.lognormvariate(5, 2)))
            for n in range(TEXTS)
        ),
    )


def _tools() -> Iterator[tuple[str, str, str | None]]:
    for name, weight in COMMON.items():
        yield from [("tool", name, None)] * weight
    yield from (("tool", name, None) for name in RARE)
    yield from (("mcp", name, server) for server in SERVERS for name in MCP)
    yield from (("skill", name, None) for name in SKILLS)
    yield from (("command", name, None) for name in ("compact", "init"))


def _text(chance: random.Random, chars_min: int, chars_max: int) -> str:
    length = chance.randint(chars_min, chars_max)
    return " ".join(chance.choice(WORDS) for _ in range(length // 4))[:length]


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
