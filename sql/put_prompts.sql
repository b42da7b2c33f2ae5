-- Write prompts; the group of values is repeated.
INSERT INTO prompt (
    pk, session_pk, prompt_number, prompt_id, source, summary, started_at, ended_at,
    model, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens,
    imported
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (pk) DO UPDATE SET
    prompt_number = excluded.prompt_number,
    source = excluded.source,
    summary = excluded.summary,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    model = excluded.model,
    input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens,
    cache_read_tokens = excluded.cache_read_tokens,
    cache_creation_tokens = excluded.cache_creation_tokens,
    imported = excluded.imported;
