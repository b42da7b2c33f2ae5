-- The last :limit steps of a session, as much of each as drawing it takes; latest first.
-- Times are Unix milliseconds.
SELECT
    step.prompt_number, step.step_order, step.trace_type, step.status, step.agent_id,
    coalesce(step.started_at, step.ended_at, step.created_at) AS began_at,
    coalesce(
        step.ended_at, step.started_at + step.duration_ms, step.started_at, step.created_at
    ) AS ended_at
FROM step
JOIN session ON session.pk = step.session_pk
WHERE
    step.session_pk = :session_pk
    AND (:prompt_number IS NULL OR step.prompt_number = :prompt_number)
    AND session.removed_at IS NULL
ORDER BY step.step_order DESC
LIMIT :limit;
