-- The sessions used before (:before_at, :before_pk), the one used last first; without :all only
-- those with a prompt or a step. Columns as in list_sessions.sql.
SELECT
    session.pk, session.owner_uid, session.agent, session.session_id, session.cwd, session.model,
    strftime('%Y-%m-%dT%H:%M:%fZ', session.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', session.ended_at / 1000.0, 'unixepoch') AS ended_at,
    session.end_reason,
    strftime('%Y-%m-%dT%H:%M:%fZ', session.last_event_at / 1000.0, 'unixepoch') AS last_event_at,
    session.steps, session.errors, session.input_tokens, session.output_tokens,
    session.cache_read_tokens, session.cache_creation_tokens,
    (SELECT count(*) FROM prompt WHERE prompt.session_pk = session.pk AND prompt.prompt_number > 0)
        AS prompts,
    (SELECT count(*) FROM step WHERE step.session_pk = session.pk AND step.status = 'running')
        AS running,
    session.last_event_at AS used_at
FROM session
WHERE
    session.removed_at IS NULL
    AND (session.last_event_at, session.pk) < (:before_at, :before_pk)
    AND (:agent IS NULL OR session.agent = :agent)
    AND (
        :all
        OR session.steps > 0
        OR EXISTS (
            SELECT 1 FROM prompt
            WHERE prompt.session_pk = session.pk AND prompt.prompt_number IS NOT NULL
        )
    )
ORDER BY session.last_event_at DESC, session.pk DESC
LIMIT :limit;
