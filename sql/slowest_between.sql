-- The slowest of the steps between the ids :first and :last that ran at :since (Unix ms) or later and
-- fit, the slowest first; no content.
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id, NULL AS input, NULL AS output, trace.peer_uid,
    trace.revision, trace.created_at, trace.created_at_epoch
FROM (
    SELECT
        step.id,
        coalesce(
            step.duration_ms,
            CASE
                WHEN step.ended_at >= step.started_at
                THEN CAST(step.ended_at - step.started_at AS REAL)
            END
        ) AS took_ms
    FROM step
    WHERE
        step.id BETWEEN :first AND :last
        AND coalesce(step.started_at, step.ended_at, step.created_at) >= :since
        AND (
            SELECT session.removed_at IS NULL AND (:agent IS NULL OR session.agent = :agent)
            FROM session
            WHERE session.pk = step.session_pk
        )
        AND took_ms IS NOT NULL
        AND (:trace_type IS NULL OR step.trace_type = :trace_type)
        AND (:name IS NULL OR step.name = :name)
        AND (:status IS NULL OR step.status = :status)
    ORDER BY took_ms DESC, step.id DESC
    LIMIT :limit
) AS slowest
JOIN execution_traces AS trace ON trace.id = slowest.id
ORDER BY slowest.took_ms DESC, slowest.id DESC;
