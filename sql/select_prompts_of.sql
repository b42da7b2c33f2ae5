-- The latest :limit prompts of each of some sessions, and those without a number; :pks: a JSON list.
SELECT
    prompt.session_pk, prompt.prompt_number, prompt.prompt_id, prompt.source, prompt.summary,
    prompt.started_at, prompt.ended_at, prompt.pk
FROM json_each(:pks) AS wanted
CROSS JOIN prompt ON prompt.session_pk = wanted.value
WHERE prompt.prompt_number > (
    SELECT coalesce(max(latest.prompt_number), 0) - :limit FROM prompt AS latest
    WHERE latest.session_pk = wanted.value
)
OR prompt.prompt_number IS NULL
ORDER BY prompt.pk;
