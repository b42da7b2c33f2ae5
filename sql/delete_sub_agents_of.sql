-- Delete up to :limit sub-agents of hidden sessions; :pks is a JSON list.
DELETE FROM sub_agent
WHERE (session_pk, agent_id) IN (
    SELECT one.session_pk, one.agent_id
    FROM json_each(:pks) AS wanted
    CROSS JOIN session ON session.pk = wanted.value AND session.removed_at IS NOT NULL
    CROSS JOIN sub_agent AS one ON one.session_pk = session.pk
    LIMIT :limit
);
