-- So many sessions with running steps or sub-agents after a key, in the order of their keys: which
-- process the agent is, and when it was heard of last. Both indexes are read side by side, and no
-- further than to the last of them.
SELECT
    session.pk, session.agent, session.session_id, session.owner_uid, session.agent_pid,
    max(session.last_event_at, session.heard_at)
FROM (
    SELECT step.session_pk
    FROM step CROSS JOIN session ON session.pk = step.session_pk
    WHERE step.status = 'running' AND step.session_pk > :after_pk
    AND session.removed_at IS NULL
    UNION
    SELECT sub_agent.session_pk
    FROM sub_agent CROSS JOIN session ON session.pk = sub_agent.session_pk
    WHERE sub_agent.status = 'running' AND sub_agent.session_pk > :after_pk
    AND session.removed_at IS NULL
    ORDER BY 1
    LIMIT :sessions_max
) AS running
CROSS JOIN session ON session.pk = running.session_pk;
