-- The highest :limit step ids of some sessions; :pks is a JSON list.
SELECT step.id
FROM step
WHERE step.session_pk IN (SELECT value FROM json_each(:pks))
ORDER BY step.id DESC
LIMIT :limit;
