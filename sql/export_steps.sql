-- The steps of a prompt whose order is above :after and which began between :since and :until
-- (Unix ms). Without :content, input and output, which can be megabytes, are left out.
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id,
    CASE WHEN :content THEN trace.input END AS input,
    CASE WHEN :content THEN trace.output END AS output,
    trace.peer_uid, trace.revision, trace.created_at, trace.created_at_epoch
FROM step
JOIN execution_traces AS trace ON trace.id = step.id
WHERE
    step.session_pk = :session_pk
    AND step.prompt_number = :prompt_number
    AND step.step_order > :after
    AND coalesce(step.started_at, step.ended_at, step.created_at) BETWEEN :since AND :until - 1
ORDER BY step.step_order
LIMIT :limit;
