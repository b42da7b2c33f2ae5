-- What ran in a session how often and how long, the most frequent first; MCP tools by server too.
SELECT
    trace.trace_type, trace.name,
    CASE WHEN trace.trace_type = 'mcp' THEN trace.source END AS source,
    count(*) AS calls,
    count(*) FILTER (WHERE trace.status = 'error') AS errors,
    total(trace.duration_ms) AS total_ms
FROM step
JOIN execution_traces AS trace ON trace.id = step.id
WHERE step.session_pk = :session_pk
GROUP BY 1, 2, 3
ORDER BY calls DESC, total_ms DESC, trace.trace_type, trace.name
LIMIT :limit;
