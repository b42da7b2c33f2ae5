-- The latest :limit prompts of each of some sessions; :pks is a JSON list.
-- One without a number counts as the oldest: who names it will load it.
SELECT
    prompt.session_pk, prompt.prompt_number, prompt.prompt_id, prompt.source, prompt.summary,
    prompt.started_at, prompt.ended_at, prompt.pk,
    prompt.model, prompt.input_tokens, prompt.output_tokens,
    prompt.cache_read_tokens, prompt.cache_creation_tokens,
    prompt.imported
FROM json_each(:pks) AS wanted
CROSS JOIN prompt ON prompt.pk IN (
    SELECT latest.pk FROM prompt AS latest
    WHERE latest.session_pk = wanted.value
    ORDER BY latest.prompt_number DESC, latest.pk DESC
    LIMIT :limit
)
ORDER BY prompt.pk;
