-- Whose some steps are; :ids is a JSON list. Steps that are gone have no row.
SELECT step.id, step.session_pk
FROM step
JOIN session ON session.pk = step.session_pk AND session.removed_at IS NULL
WHERE step.id IN (SELECT value FROM json_each(:ids));
