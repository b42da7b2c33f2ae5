-- The steps with a revision above :since, up to :until, in the order of their revisions; of one
-- session or (:session_pk null) of all. Without content. New steps are found by their id, which
-- equals the revision until a step is first changed.
WITH wanted AS (
    SELECT step.id FROM step
    WHERE
        step.id > :since AND step.id <= :until AND step.revision = step.id
        AND (:session_pk IS NULL OR step.session_pk = :session_pk)
    UNION ALL
    SELECT step.id FROM step
    WHERE
        step.revision > :since AND step.revision <= :until AND step.revision <> step.id
        AND (:session_pk IS NULL OR step.session_pk = :session_pk)
)
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id, NULL AS input, NULL AS output, trace.peer_uid,
    trace.revision, trace.created_at, trace.created_at_epoch
FROM wanted
JOIN execution_traces AS trace ON trace.id = wanted.id;
