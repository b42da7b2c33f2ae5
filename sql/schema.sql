-- The whole database as it stands after the last migration; a test proves the two equal.
--
-- Storage has singular names (session, prompt, sub_agent, step, rejected) and is private.
-- The public relations are the views at the end: execution_traces, sessions, prompts, agents,
-- rejected_events. Times are stored as Unix milliseconds and shown as text by the views.
-- Why integers, a rowid table and so few indexes: docs/architecture.md.

CREATE TABLE session (
    pk INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    session_id TEXT NOT NULL,
    owner_uid INTEGER NOT NULL DEFAULT -1, -- part of the identity where users share a daemon, else -1
    cwd TEXT,
    model TEXT,
    started_at INTEGER,
    opened_at INTEGER,              -- the latest start or resumption
    closed_at INTEGER,              -- what was started before this and is still open is unknown
    ended_at INTEGER,
    end_reason TEXT,
    last_event_at INTEGER NOT NULL, -- the latest to happen, never in the future
    steps INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0,
    agent_pid INTEGER,
    input_tokens INTEGER,           -- of its prompts together; cached ones are among them
    output_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_creation_tokens INTEGER,
    removed_at INTEGER,             -- shown nowhere and resumed by nobody; its rows go in slices
    heard_at INTEGER NOT NULL DEFAULT 0 -- when a hook or program told of it last, by the daemon's clock
) STRICT;

CREATE UNIQUE INDEX session_identity ON session (agent, session_id, owner_uid)
WHERE removed_at IS NULL;

CREATE INDEX session_removed ON session (removed_at) WHERE removed_at IS NOT NULL;

CREATE INDEX session_by_id ON session (session_id);

CREATE INDEX session_recent ON session (last_event_at);

CREATE TABLE prompt (
    pk INTEGER PRIMARY KEY,
    session_pk INTEGER NOT NULL REFERENCES session (pk),
    prompt_number INTEGER CHECK (prompt_number >= 0), -- null: shown nowhere, only its end counts
    prompt_id TEXT,
    source TEXT NOT NULL DEFAULT 'user' CHECK (source IN ('user', 'agent')),
    summary TEXT,
    started_at INTEGER,             -- the first submission; null until one came
    ended_at INTEGER,
    model TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_creation_tokens INTEGER,
    imported INTEGER NOT NULL DEFAULT 0, -- 1: its submission was told afterwards, by no hook
    UNIQUE (session_pk, prompt_number),
    UNIQUE (session_pk, prompt_id)
) STRICT;

CREATE TABLE sub_agent (
    session_pk INTEGER NOT NULL REFERENCES session (pk),
    agent_id TEXT NOT NULL,
    agent_type TEXT,
    parent_agent_id TEXT,
    call_id TEXT,                   -- the call that launched it
    prompt_number INTEGER,
    prompt_id TEXT,
    prompt_rank INTEGER NOT NULL,   -- who said so: 0 nobody, 1 a step, 2 its start, 3 its call
    started_at INTEGER,
    ended_at INTEGER,
    status TEXT NOT NULL CHECK (status IN ('running', 'ok', 'unknown')),
    PRIMARY KEY (session_pk, agent_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sub_agent_running ON sub_agent (session_pk) WHERE status = 'running';

CREATE TABLE step (
    id INTEGER PRIMARY KEY,         -- from the same sequence as revision
    revision INTEGER NOT NULL,      -- equals id until the row is first changed
    session_pk INTEGER NOT NULL REFERENCES session (pk),
    step_order INTEGER NOT NULL CHECK (step_order >= 0),
    prompt_number INTEGER NOT NULL CHECK (prompt_number >= 0),
    -- Compared one by one, the likely first: IN makes its list anew for each row, 10 % of an insert.
    trace_type TEXT NOT NULL CHECK (
        trace_type = 'tool' OR trace_type = 'mcp' OR trace_type = 'agent'
        OR trace_type = 'skill' OR trace_type = 'hook' OR trace_type = 'command'
    ),
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (
        status = 'ok' OR status = 'running' OR status = 'error'
        OR status = 'unknown' OR status = 'cancelled' OR status = 'denied'
    ),
    source TEXT,
    input_summary TEXT,
    output_summary TEXT,
    error TEXT,
    started_at INTEGER,
    ended_at INTEGER,
    duration_ms REAL CHECK (duration_ms >= 0), -- the agent's own figure
    permission_at INTEGER,          -- when the agent asked its user
    call_id TEXT,
    agent_id TEXT,
    agent_type TEXT,
    parent_agent_id TEXT,
    child_agent_id TEXT,
    input TEXT,
    output TEXT,
    event_id TEXT,
    peer_uid INTEGER,
    created_at INTEGER NOT NULL,
    ranks INTEGER NOT NULL,         -- which event said what: traced/core/ledger/step.py
    match_key INTEGER               -- caller, tool and input as one number, where no call id pairs
) STRICT;

CREATE UNIQUE INDEX step_in_order ON step (session_pk, step_order);

CREATE INDEX step_by_prompt ON step (session_pk, prompt_number, step_order);

CREATE UNIQUE INDEX step_by_call ON step (session_pk, call_id) WHERE call_id IS NOT NULL;

-- Steps that no call id tells apart; those that nothing more will be told of have no key either.
CREATE INDEX step_alike ON step (session_pk, match_key)
WHERE call_id IS NULL AND match_key IS NOT NULL;

CREATE INDEX step_running ON step (session_pk) WHERE status = 'running';

CREATE INDEX step_by_agent ON step (session_pk, agent_id) WHERE agent_id IS NOT NULL;

CREATE INDEX step_changed ON step (revision) WHERE revision <> id;

CREATE TABLE permission_ask (
    session_pk INTEGER NOT NULL REFERENCES session (pk),
    match_key INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    PRIMARY KEY (session_pk, match_key, asked_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE seen_event (
    session_pk INTEGER NOT NULL REFERENCES session (pk),
    digest INTEGER NOT NULL,        -- 64 bits of the event_id: enough within one session
    step_order INTEGER,             -- of the one step that it made or changed
    PRIMARY KEY (session_pk, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    sequence INTEGER NOT NULL,      -- the last id or revision given; never goes down
    session_pk INTEGER NOT NULL,    -- no lower one is given again; noted when sessions are removed
    prompt_pk INTEGER NOT NULL
) STRICT;

CREATE TABLE removal (
    id INTEGER PRIMARY KEY,         -- in the order of removing; the last is always kept
    session_pk INTEGER NOT NULL,
    removed_at INTEGER NOT NULL,
    first_step_id INTEGER,          -- its steps' ids lie between these; null where it had none
    last_step_id INTEGER
) STRICT;

CREATE TABLE rejected (
    id INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('rejected', 'discarded')),
    agent TEXT,
    session_id TEXT,
    count INTEGER NOT NULL DEFAULT 1,
    reason TEXT NOT NULL,
    detail TEXT,
    raw BLOB,                       -- redacted, at most 64 KiB
    length INTEGER,
    origin TEXT UNIQUE              -- spool file and record: met again after a crash, it is known
) STRICT;

CREATE VIEW execution_traces AS
SELECT
    step.id,
    step.event_id,
    session.agent,
    session.session_id,
    step.prompt_number,
    step.step_order,
    step.trace_type,
    step.name,
    step.source,
    step.status,
    step.input_summary,
    -- What a refused call got as its result is why it was refused; 4: its batch alone tells.
    CASE WHEN step.status <> 'denied' OR step.ranks & 7 <> 4 THEN step.output_summary END
        AS output_summary,
    coalesce(
        step.error,
        CASE WHEN step.status = 'denied' AND step.ranks & 7 = 4 THEN step.output_summary END
    ) AS error,
    strftime('%Y-%m-%dT%H:%M:%fZ', step.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', step.ended_at / 1000.0, 'unixepoch') AS ended_at,
    coalesce(
        step.duration_ms,
        CASE
            WHEN step.ended_at >= step.started_at
            THEN CAST(step.ended_at - step.started_at AS REAL)
        END
    ) AS duration_ms,
    -- The agent's own duration leaves out the wait: what lies between asking and starting is it.
    -- 5 is a denial by the agent itself; how long its user thought before one is not known else.
    CASE
        WHEN step.ranks & 7 = 5 AND step.ended_at >= step.permission_at
        THEN CAST(step.ended_at - step.permission_at AS REAL)
        WHEN step.duration_ms IS NOT NULL AND step.ended_at >= step.permission_at
        THEN max(0.0, step.ended_at - step.duration_ms - step.permission_at)
    END AS permission_wait_ms,
    step.call_id,
    step.agent_id,
    coalesce(step.agent_type, sub_agent.agent_type) AS agent_type,
    coalesce(step.parent_agent_id, sub_agent.parent_agent_id) AS parent_agent_id,
    step.child_agent_id,
    step.input,
    step.output,
    step.peer_uid,
    step.revision,
    strftime('%Y-%m-%dT%H:%M:%fZ', step.created_at / 1000.0, 'unixepoch') AS created_at,
    step.created_at AS created_at_epoch
FROM step
JOIN session ON session.pk = step.session_pk
LEFT JOIN sub_agent
    ON sub_agent.session_pk = step.session_pk AND sub_agent.agent_id = step.agent_id
WHERE session.removed_at IS NULL;

CREATE VIEW sessions AS
SELECT
    session.agent,
    session.session_id,
    session.cwd,
    session.model,
    strftime('%Y-%m-%dT%H:%M:%fZ', session.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', session.ended_at / 1000.0, 'unixepoch') AS ended_at,
    session.end_reason,
    strftime('%Y-%m-%dT%H:%M:%fZ', session.last_event_at / 1000.0, 'unixepoch') AS last_event_at,
    session.steps,
    session.errors,
    session.input_tokens,
    session.output_tokens,
    session.cache_read_tokens,
    session.cache_creation_tokens
FROM session
WHERE session.removed_at IS NULL;

CREATE VIEW prompts AS
SELECT
    session.agent,
    session.session_id,
    prompt.prompt_number,
    prompt.prompt_id,
    prompt.source,
    prompt.summary,
    strftime('%Y-%m-%dT%H:%M:%fZ', prompt.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', prompt.ended_at / 1000.0, 'unixepoch') AS ended_at,
    prompt.model,
    prompt.input_tokens,
    prompt.output_tokens,
    prompt.cache_read_tokens,
    prompt.cache_creation_tokens
FROM prompt
JOIN session ON session.pk = prompt.session_pk
WHERE prompt.prompt_number IS NOT NULL AND session.removed_at IS NULL;

CREATE VIEW agents AS
SELECT
    session.agent,
    session.session_id,
    sub_agent.agent_id,
    sub_agent.agent_type,
    sub_agent.parent_agent_id,
    sub_agent.call_id,
    sub_agent.prompt_number,
    strftime('%Y-%m-%dT%H:%M:%fZ', sub_agent.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', sub_agent.ended_at / 1000.0, 'unixepoch') AS ended_at,
    sub_agent.status
FROM sub_agent
JOIN session ON session.pk = sub_agent.session_pk
WHERE session.removed_at IS NULL;

CREATE VIEW rejected_events AS
SELECT
    id,
    strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1000.0, 'unixepoch') AS received_at,
    kind,
    agent,
    session_id,
    count,
    reason,
    detail,
    raw,
    length
FROM rejected;

INSERT INTO ledger (sequence, session_pk, prompt_pk) VALUES (0, 0, 0);
