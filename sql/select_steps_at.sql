-- Steps by session and order, their content as ''; :keys is a JSON list of [session_pk, step_order].
SELECT
    step.id, step.revision, step.session_pk, step.step_order, step.prompt_number, step.trace_type,
    step.name, step.status, step.source, step.input_summary, step.output_summary, step.error,
    step.started_at, step.ended_at, step.duration_ms, step.permission_at, step.call_id,
    step.agent_id, step.agent_type, step.parent_agent_id, step.child_agent_id,
    CASE typeof(step.input) WHEN 'text' THEN '' END AS input,
    CASE typeof(step.output) WHEN 'text' THEN '' END AS output,
    step.event_id, step.peer_uid, step.created_at, step.ranks, step.match_key
FROM json_each(:keys) AS wanted
CROSS JOIN step
    ON step.session_pk = json_extract(wanted.value, '$[0]')
    AND step.step_order = json_extract(wanted.value, '$[1]');
