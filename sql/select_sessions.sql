-- Sessions by their identity, but for removed ones; :keys is a JSON list of [agent, session_id, owner_uid].
SELECT
    session.pk, session.agent, session.session_id, session.owner_uid, session.cwd, session.model,
    session.started_at, session.opened_at, session.closed_at, session.ended_at,
    session.end_reason, session.last_event_at, session.heard_at, session.steps, session.errors,
    session.agent_pid, session.input_tokens, session.output_tokens, session.cache_read_tokens,
    session.cache_creation_tokens,
    (SELECT coalesce(max(step.step_order), 0) FROM step WHERE step.session_pk = session.pk)
        AS last_step_order
FROM json_each(:keys) AS wanted
CROSS JOIN session
    ON session.agent = json_extract(wanted.value, '$[0]')
    AND session.session_id = json_extract(wanted.value, '$[1]')
    AND session.owner_uid = json_extract(wanted.value, '$[2]')
    AND session.removed_at IS NULL;
