-- The :limit slowest steps of a session and the :limit last that went wrong, the slowest first.
SELECT
    slowest.is_slow, trace.prompt_number, trace.step_order, trace.trace_type, trace.name,
    CASE WHEN trace.trace_type = 'mcp' THEN trace.source END AS source, trace.status,
    coalesce(trace.input_summary, '') AS summary, trace.duration_ms
FROM (
    SELECT * FROM (
        SELECT 1 AS is_slow, step.id, trace.duration_ms
        FROM step
        JOIN execution_traces AS trace ON trace.id = step.id
        WHERE step.session_pk = :session_pk AND trace.duration_ms IS NOT NULL
        ORDER BY trace.duration_ms DESC
        LIMIT :limit
    )
    UNION ALL
    SELECT * FROM (
        SELECT 0 AS is_slow, step.id, NULL
        FROM step
        WHERE step.session_pk = :session_pk AND step.status IN ('error', 'denied')
        ORDER BY step.step_order DESC
        LIMIT :limit
    )
) AS slowest
JOIN execution_traces AS trace ON trace.id = slowest.id
ORDER BY slowest.is_slow DESC, trace.duration_ms DESC, trace.step_order DESC;
