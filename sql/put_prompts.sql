-- Write prompts; the group of values is repeated.
INSERT INTO prompt (
    pk, session_pk, prompt_number, prompt_id, source, summary, started_at, ended_at
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (pk) DO UPDATE SET
    prompt_number = excluded.prompt_number,
    source = excluded.source,
    summary = excluded.summary,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at;
