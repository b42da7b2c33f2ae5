-- Prompts by session and either id or number, the other being null: a number is no id, though
-- SQLite would compare them; :keys is a JSON list of [session_pk, prompt_id, prompt_number].
SELECT DISTINCT
    prompt.session_pk, prompt.prompt_number, prompt.prompt_id, prompt.source, prompt.summary,
    prompt.started_at, prompt.ended_at, prompt.pk,
    prompt.model, prompt.input_tokens, prompt.output_tokens,
    prompt.cache_read_tokens, prompt.cache_creation_tokens,
    prompt.imported
FROM json_each(:keys) AS wanted
CROSS JOIN prompt
    ON prompt.session_pk = json_extract(wanted.value, '$[0]')
    AND (
        prompt.prompt_id = json_extract(wanted.value, '$[1]')
        OR prompt.prompt_number = json_extract(wanted.value, '$[2]')
    )
ORDER BY prompt.pk;
