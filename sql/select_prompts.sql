-- Prompts by session and either id or number; :keys is a JSON list of [session_pk, id or number].
SELECT
    prompt.session_pk, prompt.prompt_number, prompt.prompt_id, prompt.source, prompt.summary,
    prompt.started_at, prompt.ended_at, prompt.pk
FROM json_each(:keys) AS wanted
CROSS JOIN prompt
    ON prompt.session_pk = json_extract(wanted.value, '$[0]')
    AND (
        prompt.prompt_id = json_extract(wanted.value, '$[1]')
        OR prompt.prompt_number = json_extract(wanted.value, '$[1]')
    );
