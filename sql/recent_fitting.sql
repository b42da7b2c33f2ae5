-- The steps between the ids :first and :last that fit, latest first; no content.
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id, NULL AS input, NULL AS output, trace.peer_uid,
    trace.revision, trace.created_at, trace.created_at_epoch
FROM step
JOIN execution_traces AS trace ON trace.id = step.id
WHERE
    step.id BETWEEN :first AND :last
    AND (:agent IS NULL OR trace.agent = :agent)
    AND (:trace_type IS NULL OR step.trace_type = :trace_type)
    AND (:name IS NULL OR step.name = :name)
    AND (:status IS NULL OR step.status = :status)
ORDER BY step.id DESC
LIMIT :limit;
