-- Delete up to :limit prompts of hidden sessions; :pks is a JSON list.
DELETE FROM prompt
WHERE pk IN (
    SELECT one.pk
    FROM json_each(:pks) AS wanted
    CROSS JOIN session ON session.pk = wanted.value AND session.removed_at IS NOT NULL
    CROSS JOIN prompt AS one ON one.session_pk = session.pk
    LIMIT :limit
);
