-- The steps of a session, or of its prompt :prompt_number, that fit a filter; no content:
-- of each prompt the :share last ones, and of all these the :limit of the latest prompts.
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id, NULL AS input, NULL AS output, trace.peer_uid,
    trace.revision, trace.created_at, trace.created_at_epoch
FROM (
    SELECT
        step.id, step.prompt_number, step.step_order,
        row_number() OVER (PARTITION BY step.prompt_number ORDER BY step.step_order DESC) AS place
    FROM step
    WHERE
        step.session_pk = :session_pk
        AND (:prompt_number IS NULL OR step.prompt_number = :prompt_number)
        AND (:trace_type IS NULL OR step.trace_type = :trace_type)
        AND (:name IS NULL OR step.name = :name)
        AND (:status IS NULL OR step.status = :status)
        AND (
            :text IS NULL
            OR instr(lower(step.name), lower(:text)) > 0
            OR instr(lower(step.source), lower(:text)) > 0
            OR instr(lower(step.input_summary), lower(:text)) > 0
            OR instr(lower(step.output_summary), lower(:text)) > 0
            OR instr(lower(step.error), lower(:text)) > 0
        )
) AS fitting
JOIN execution_traces AS trace ON trace.id = fitting.id
WHERE fitting.place <= :share
ORDER BY fitting.prompt_number DESC, fitting.step_order DESC
LIMIT :limit;
