-- The steps that are new or changed after revision :since, in the order of their revisions; of one
-- session, one agent and one user or (:session_pk, :agent, :owner_uid null) of all.
-- New ones are found by their id, for it equals the revision until a step is first changed; so
-- only changed ones need an index. CROSS: the steps come first, in their order, whatever the
-- statistics say.
WITH
    made AS (
        SELECT step.id FROM step
        CROSS JOIN session ON session.pk = step.session_pk
        WHERE
            step.id > :since AND step.revision = step.id
            AND (:session_pk IS NULL OR step.session_pk = :session_pk)
            AND (:agent IS NULL OR session.agent = :agent)
            AND (:owner_uid IS NULL OR session.owner_uid = :owner_uid)
            AND session.removed_at IS NULL
        ORDER BY step.id
        LIMIT :limit
    ),
    changed AS (
        SELECT step.id FROM step
        CROSS JOIN session ON session.pk = step.session_pk
        WHERE
            step.revision > :since AND step.revision <> step.id
            AND (:session_pk IS NULL OR step.session_pk = :session_pk)
            AND (:agent IS NULL OR session.agent = :agent)
            AND (:owner_uid IS NULL OR session.owner_uid = :owner_uid)
            AND session.removed_at IS NULL
        ORDER BY step.revision
        LIMIT :limit
    ),
    wanted AS (SELECT made.id FROM made UNION ALL SELECT changed.id FROM changed)
SELECT
    trace.id, trace.event_id, trace.agent, trace.session_id, trace.prompt_number, trace.step_order,
    trace.trace_type, trace.name, trace.source, trace.status, trace.input_summary,
    trace.output_summary, trace.error, trace.started_at, trace.ended_at, trace.duration_ms,
    trace.permission_wait_ms, trace.call_id, trace.agent_id, trace.agent_type,
    trace.parent_agent_id, trace.child_agent_id,
    CASE WHEN :content THEN trace.input END AS input,
    CASE WHEN :content THEN trace.output END AS output,
    trace.peer_uid, trace.revision, trace.created_at, trace.created_at_epoch
FROM wanted
JOIN execution_traces AS trace ON trace.id = wanted.id
ORDER BY trace.revision
LIMIT :limit;
