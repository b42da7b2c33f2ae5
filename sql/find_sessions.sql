-- Sessions with an id from :first to :last, both included, the one used last first.
-- An exact id is :first and :last at once; a prefix is followed by the last of all characters.
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
        AS running
FROM session
WHERE
    session.session_id BETWEEN :first AND :last
    AND session.removed_at IS NULL
    AND (:agent IS NULL OR session.agent = :agent)
    AND (:owner_uid IS NULL OR session.owner_uid = :owner_uid)
ORDER BY session.last_event_at DESC, session.pk DESC
LIMIT :limit;
