-- The steps with revisions of :revisions, a JSON list, the latest first; of one :agent, of one
-- :trace_type, or (null) of all. Who looks for some gets none for a revision that no step has now.
WITH
    wanted AS (SELECT found.value AS revision FROM json_each(:revisions) AS found),
    known AS (
        SELECT step.id FROM wanted
        CROSS JOIN step ON step.id = wanted.revision AND step.revision = step.id
        UNION ALL
        SELECT step.id FROM wanted
        CROSS JOIN step ON step.revision = wanted.revision AND step.revision <> step.id
    )
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id,
    NULL AS input,
    NULL AS output,
    trace.peer_uid, trace.revision, trace.created_at, trace.created_at_epoch
FROM known
CROSS JOIN execution_traces AS trace ON trace.id = known.id
WHERE
    (:agent IS NULL OR trace.agent = :agent)
    AND (:trace_type IS NULL OR trace.trace_type = :trace_type)
ORDER BY trace.revision DESC;
