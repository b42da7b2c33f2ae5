-- Write sub-agents; the group of values is repeated.
INSERT INTO sub_agent (
    session_pk, agent_id, prompt_number, prompt_rank, agent_type, parent_agent_id, call_id,
    prompt_id, started_at, ended_at, status
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (session_pk, agent_id) DO UPDATE SET
    prompt_number = excluded.prompt_number,
    prompt_rank = excluded.prompt_rank,
    agent_type = excluded.agent_type,
    parent_agent_id = excluded.parent_agent_id,
    call_id = excluded.call_id,
    prompt_id = excluded.prompt_id,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    status = excluded.status;
