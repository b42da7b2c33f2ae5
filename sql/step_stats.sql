-- What ran how often and how long, the longest total first; MCP tools by server too.
-- Percentiles are by nearest rank, over the steps with a duration. Both figures share a
-- window, so that the rows are sorted once.
WITH
    timed AS (
        SELECT
            trace_type, name, CASE WHEN trace_type = 'mcp' THEN source END AS source, status,
            duration_ms
        FROM execution_traces
    ),
    ranked AS (
        SELECT
            trace_type, name, source, status, duration_ms,
            row_number() OVER kind AS rank,
            count(duration_ms) OVER (
                kind ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS durations
        FROM timed
        WINDOW kind AS (
            PARTITION BY trace_type, name, source ORDER BY duration_ms NULLS LAST
        )
    )
SELECT
    trace_type, name, source,
    count(*) AS count,
    count(*) FILTER (WHERE status = 'error') AS errors,
    max(duration_ms) FILTER (WHERE rank = (durations * 50 + 99) / 100) AS p50_ms,
    max(duration_ms) FILTER (WHERE rank = (durations * 95 + 99) / 100) AS p95_ms,
    total(duration_ms) AS total_ms
FROM ranked
GROUP BY trace_type, name, source
ORDER BY total_ms DESC, count DESC, trace_type, name, source;
