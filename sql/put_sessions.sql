-- Write sessions; the group of values is repeated.
INSERT INTO session (
    pk, agent, session_id, owner_uid, cwd, model, started_at, opened_at, closed_at, ended_at,
    end_reason, last_event_at, heard_at, steps, errors, agent_pid,
    input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (pk) DO UPDATE SET
    cwd = excluded.cwd,
    model = excluded.model,
    started_at = excluded.started_at,
    opened_at = excluded.opened_at,
    closed_at = excluded.closed_at,
    ended_at = excluded.ended_at,
    end_reason = excluded.end_reason,
    last_event_at = excluded.last_event_at,
    heard_at = excluded.heard_at,
    steps = excluded.steps,
    errors = excluded.errors,
    agent_pid = excluded.agent_pid,
    input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens,
    cache_read_tokens = excluded.cache_read_tokens,
    cache_creation_tokens = excluded.cache_creation_tokens;
