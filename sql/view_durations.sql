-- How many steps of each kind took how long in a session; MCP tools by server too.
SELECT
    trace.trace_type, trace.name,
    CASE WHEN trace.trace_type = 'mcp' THEN coalesce(trace.source, '') ELSE '' END AS source,
    trace.duration_ms,
    count(*) AS steps, sum(trace.status = 'error') AS errors, total(trace.duration_ms) AS total_ms
FROM step
JOIN execution_traces AS trace ON trace.id = step.id
WHERE step.session_pk = :session_pk
GROUP BY 1, 2, 3, 4;
