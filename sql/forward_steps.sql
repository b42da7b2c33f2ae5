-- Some steps, first made first; :ids is a JSON list. Without content, as for changed_steps.sql.
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id, NULL AS input, NULL AS output, trace.peer_uid,
    trace.revision, trace.created_at, trace.created_at_epoch
FROM execution_traces AS trace
WHERE trace.id IN (SELECT value FROM json_each(:ids))
ORDER BY trace.id;
