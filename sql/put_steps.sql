-- Write steps that are there already; the group of values is repeated.
-- Content, which can be megabytes, is not loaded: '' means that it stays as it is, and of what was
-- said equally strongly (three bits of ranks, from 23 and 26) the lower stays.
INSERT INTO step (
    id, revision, session_pk, step_order, prompt_number, trace_type, name, status, source,
    input_summary, output_summary, error, started_at, ended_at, duration_ms, permission_at,
    call_id, agent_id, agent_type, parent_agent_id, child_agent_id, input, output, event_id,
    peer_uid, created_at, ranks, match_key
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    revision = excluded.revision,
    prompt_number = excluded.prompt_number,
    trace_type = excluded.trace_type,
    name = excluded.name,
    status = excluded.status,
    source = excluded.source,
    input_summary = excluded.input_summary,
    output_summary = excluded.output_summary,
    error = excluded.error,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    duration_ms = excluded.duration_ms,
    permission_at = excluded.permission_at,
    agent_id = excluded.agent_id,
    agent_type = excluded.agent_type,
    parent_agent_id = excluded.parent_agent_id,
    child_agent_id = excluded.child_agent_id,
    input = CASE
        WHEN excluded.input = '' THEN step.input
        WHEN (excluded.ranks >> 23) & 7 = (step.ranks >> 23) & 7 AND step.input IS NOT NULL
        THEN min(excluded.input, step.input)
        ELSE excluded.input
    END,
    output = CASE
        WHEN excluded.output = '' THEN step.output
        WHEN (excluded.ranks >> 26) & 7 = (step.ranks >> 26) & 7 AND step.output IS NOT NULL
        THEN min(excluded.output, step.output)
        ELSE excluded.output
    END,
    ranks = excluded.ranks,
    match_key = excluded.match_key;
