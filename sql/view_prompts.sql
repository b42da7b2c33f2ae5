-- Figures of each prompt of a session: its steps, those that fit a filter, those that went wrong or
-- still run, and from when until when (Unix ms) they ran.
SELECT
    step.prompt_number,
    count(*) AS steps,
    count(*) FILTER (WHERE
        (:trace_type IS NULL OR trace.trace_type = :trace_type)
        AND (:name IS NULL OR trace.name = :name)
        AND (:status IS NULL OR trace.status = :status)
        AND (
            :text IS NULL
            OR instr(lower(trace.name), lower(:text)) > 0
            OR instr(lower(trace.source), lower(:text)) > 0
            OR instr(lower(trace.input_summary), lower(:text)) > 0
            OR instr(lower(trace.output_summary), lower(:text)) > 0
            OR instr(lower(trace.error), lower(:text)) > 0
        )
    ) AS fitting,
    count(*) FILTER (WHERE trace.status = 'error') AS errors,
    count(*) FILTER (WHERE trace.status IN ('denied', 'cancelled')) AS stopped,
    count(*) FILTER (WHERE trace.status = 'running') AS running,
    min(coalesce(step.started_at, step.ended_at, step.created_at)) AS first_at,
    max(coalesce(step.ended_at, step.started_at, step.created_at)) AS last_at
FROM step
JOIN execution_traces AS trace ON trace.id = step.id
WHERE step.session_pk = :session_pk
GROUP BY step.prompt_number
ORDER BY step.prompt_number;
