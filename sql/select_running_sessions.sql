-- Sessions with running steps: which process the agent is, and when its last event came.
SELECT
    session.agent, session.session_id, session.owner_uid, session.agent_pid,
    session.last_event_at
FROM session
WHERE session.pk IN (SELECT step.session_pk FROM step WHERE step.status = 'running');
