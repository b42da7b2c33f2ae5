-- Of each agent its prompts submitted since :since, how many of these have a step, and whether any
-- session of the agent has one.
WITH
    used AS (
        SELECT pk, agent FROM session WHERE removed_at IS NULL AND last_event_at >= :since
    ),
    stepped AS (
        SELECT DISTINCT step.session_pk, step.prompt_number
        FROM used
        CROSS JOIN step ON step.session_pk = used.pk
    )
SELECT
    used.agent,
    count(*) AS prompts,
    count(stepped.session_pk) AS with_steps,
    EXISTS (
        SELECT 1 FROM session
        WHERE session.agent = used.agent AND session.removed_at IS NULL AND session.steps > 0
    ) AS had_steps
FROM used
JOIN prompt ON prompt.session_pk = used.pk
LEFT JOIN stepped
    ON stepped.session_pk = prompt.session_pk AND stepped.prompt_number = prompt.prompt_number
WHERE prompt.prompt_number > 0 AND prompt.started_at >= :since
GROUP BY used.agent
ORDER BY used.agent;
