-- Sessions with running steps or sub-agents: which process the agent is, and when its last event
-- came.
SELECT
    session.agent, session.session_id, session.owner_uid, session.agent_pid,
    session.last_event_at
FROM session
WHERE session.pk IN (
    SELECT step.session_pk FROM step WHERE step.status = 'running'
    UNION ALL
    SELECT sub_agent.session_pk FROM sub_agent WHERE sub_agent.status = 'running'
)
AND session.removed_at IS NULL;
