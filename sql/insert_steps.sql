-- Write new steps; the group of values is repeated.
INSERT INTO step (
    id, revision, session_pk, step_order, prompt_number, trace_type, name, status, source,
    input_summary, output_summary, error, started_at, ended_at, duration_ms, permission_at,
    call_id, agent_id, agent_type, parent_agent_id, child_agent_id, input, output, event_id,
    peer_uid, created_at, ranks, match_key
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
