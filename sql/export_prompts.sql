-- The prompts of a session with a number above :after, and the numbers that only its steps have,
-- in their order; with when (Unix ms) their steps began first and were last heard of. Wanted are
-- those that were submitted, or for which a step began, between :since and :until (Unix ms).
SELECT
    session.agent, session.session_id, numbered.prompt_number, prompt.prompt_id,
    prompt.source, prompt.summary,
    strftime('%Y-%m-%dT%H:%M:%fZ', prompt.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', prompt.ended_at / 1000.0, 'unixepoch') AS ended_at,
    prompt.model, prompt.input_tokens, prompt.output_tokens, prompt.cache_read_tokens,
    prompt.cache_creation_tokens,
    prompt.pk IS NOT NULL AS is_recorded,
    (
        SELECT min(coalesce(step.started_at, step.ended_at, step.created_at)) FROM step
        WHERE step.session_pk = :session_pk AND step.prompt_number = numbered.prompt_number
    ) AS first_at,
    (
        SELECT max(coalesce(step.ended_at, step.started_at, step.created_at)) FROM step
        WHERE step.session_pk = :session_pk AND step.prompt_number = numbered.prompt_number
    ) AS last_at,
    :everything
    OR coalesce(prompt.started_at BETWEEN :since AND :until - 1, 0)
    OR EXISTS (
        SELECT 1 FROM step
        WHERE
            step.session_pk = :session_pk
            AND step.prompt_number = numbered.prompt_number
            AND coalesce(step.started_at, step.ended_at, step.created_at)
            BETWEEN :since AND :until - 1
    ) AS is_wanted
FROM (
    -- Each half is cut before they meet, or every page would count all numbers that are left.
    SELECT listed.prompt_number FROM (
        SELECT prompt.prompt_number FROM prompt
        WHERE prompt.session_pk = :session_pk AND prompt.prompt_number > :after
        ORDER BY prompt.prompt_number LIMIT :limit
    ) AS listed
    UNION
    SELECT used.prompt_number FROM (
        SELECT DISTINCT step.prompt_number FROM step
        WHERE step.session_pk = :session_pk AND step.prompt_number > :after
        ORDER BY step.prompt_number LIMIT :limit
    ) AS used
) AS numbered
JOIN session ON session.pk = :session_pk AND session.removed_at IS NULL
LEFT JOIN prompt
    ON prompt.session_pk = :session_pk AND prompt.prompt_number = numbered.prompt_number
ORDER BY numbered.prompt_number
LIMIT :limit;
