-- Prompts as the roots of their traces; :keys is a JSON list of [session_pk, prompt_number], also
-- of numbers that only steps have. When their steps began first and were last heard of (Unix ms)
-- is looked for where a prompt does not tell itself. Over is what ended, what something newer
-- followed, and what was not heard of since :idle_since (Unix ms) while nothing runs.
SELECT
    session.pk, session.owner_uid, session.model, session.agent, session.session_id,
    wanted.prompt_number, prompt.prompt_id, prompt.source, prompt.summary,
    strftime('%Y-%m-%dT%H:%M:%fZ', prompt.started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', prompt.ended_at / 1000.0, 'unixepoch') AS ended_at,
    prompt.model, prompt.input_tokens, prompt.output_tokens, prompt.cache_read_tokens,
    prompt.cache_creation_tokens,
    CASE
        WHEN prompt.started_at IS NULL
        THEN (
            SELECT min(coalesce(step.started_at, step.ended_at, step.created_at)) FROM step
            WHERE
                step.session_pk = session.pk AND step.prompt_number = wanted.prompt_number
        )
    END AS first_at,
    CASE
        WHEN prompt.ended_at IS NULL
        THEN (
            SELECT max(coalesce(step.ended_at, step.started_at, step.created_at)) FROM step
            WHERE
                step.session_pk = session.pk AND step.prompt_number = wanted.prompt_number
        )
    END AS last_at,
    prompt.ended_at IS NOT NULL
    OR EXISTS (
        SELECT 1 FROM prompt AS later
        WHERE later.session_pk = session.pk AND later.prompt_number > wanted.prompt_number
    )
    OR EXISTS (
        SELECT 1 FROM step AS later
        WHERE later.session_pk = session.pk AND later.prompt_number > wanted.prompt_number
    ) AS is_over,
    session.ended_at IS NOT NULL
    OR (
        max(session.last_event_at, session.heard_at) <= :idle_since
        AND NOT EXISTS (
            SELECT 1 FROM step AS open
            WHERE open.session_pk = session.pk AND open.status = 'running'
        )
    ) AS session_is_over
FROM (
    SELECT
        json_extract(asked.value, '$[0]') AS session_pk,
        json_extract(asked.value, '$[1]') AS prompt_number
    FROM json_each(:keys) AS asked
) AS wanted
JOIN session ON session.pk = wanted.session_pk AND session.removed_at IS NULL
LEFT JOIN prompt
    ON prompt.session_pk = session.pk AND prompt.prompt_number = wanted.prompt_number;
