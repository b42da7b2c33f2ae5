-- The newest prompt that some steps are of; :ids is a JSON list. Null if they are of none.
SELECT max(prompt.pk)
FROM json_each(:ids) AS wanted
CROSS JOIN step ON step.id = wanted.value
CROSS JOIN prompt
    ON prompt.session_pk = step.session_pk AND prompt.prompt_number = step.prompt_number;
