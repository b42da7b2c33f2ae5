-- The numbered prompts of a session, in their order: its rows of the view prompts.
SELECT
    session.agent, session.session_id, prompt.prompt_number, prompt.prompt_id, prompt.source,
    prompt.summary,
    strftime('%Y-%m-%dT%H:%M:%fZ', prompt.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', prompt.ended_at / 1000.0, 'unixepoch') AS ended_at,
    prompt.model, prompt.input_tokens, prompt.output_tokens, prompt.cache_read_tokens,
    prompt.cache_creation_tokens
FROM prompt
JOIN session ON session.pk = prompt.session_pk
WHERE
    prompt.session_pk = :session_pk AND prompt.prompt_number IS NOT NULL
    AND session.removed_at IS NULL
ORDER BY prompt.prompt_number;
