-- The sub-agents of a session, first started first: its rows of the view agents.
SELECT
    session.agent, session.session_id, sub_agent.agent_id, sub_agent.agent_type,
    sub_agent.parent_agent_id, sub_agent.call_id, sub_agent.prompt_number,
    strftime('%Y-%m-%dT%H:%M:%fZ', sub_agent.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', sub_agent.ended_at / 1000.0, 'unixepoch') AS ended_at,
    sub_agent.status
FROM sub_agent
JOIN session ON session.pk = sub_agent.session_pk
WHERE sub_agent.session_pk = :session_pk AND session.removed_at IS NULL
ORDER BY sub_agent.started_at, sub_agent.agent_id;
