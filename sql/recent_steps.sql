-- The steps recorded last, in the order of recording, of one session or (:session_pk null) of all,
-- of one agent and one user or (:agent, :owner_uid null) of all. CROSS: the steps come first, in their
-- order, whatever the statistics say.
WITH latest AS (
    SELECT step.id FROM step
    CROSS JOIN session ON session.pk = step.session_pk
    WHERE
        (:session_pk IS NULL OR step.session_pk = :session_pk)
        AND (:agent IS NULL OR session.agent = :agent)
        AND (:owner_uid IS NULL OR session.owner_uid = :owner_uid)
        AND session.removed_at IS NULL
    ORDER BY step.id DESC
    LIMIT :limit
)
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id,
    CASE WHEN :content THEN trace.input END AS input,
    CASE WHEN :content THEN trace.output END AS output,
    trace.peer_uid, trace.revision, trace.created_at, trace.created_at_epoch
FROM latest
JOIN execution_traces AS trace ON trace.id = latest.id
ORDER BY trace.id;
