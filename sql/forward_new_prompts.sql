-- Prompts made after the key :after and up to :up_to, and those of the JSON list :unnumbered, first
-- made first.
SELECT made.pk, made.session_pk, made.prompt_number
FROM (
    SELECT prompt.pk, prompt.session_pk, prompt.prompt_number
    FROM prompt
    WHERE prompt.pk IN (SELECT value FROM json_each(:unnumbered))
    UNION ALL
    SELECT later.pk, later.session_pk, later.prompt_number
    FROM (
        SELECT prompt.pk, prompt.session_pk, prompt.prompt_number
        FROM prompt
        WHERE prompt.pk > :after AND prompt.pk <= :up_to
        ORDER BY prompt.pk
        LIMIT :limit
    ) AS later
) AS made
ORDER BY made.pk;
