-- Delete hidden sessions of which nothing is left; :pks is a JSON list.
DELETE FROM session
WHERE
    pk IN (SELECT value FROM json_each(:pks))
    AND removed_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM step WHERE step.session_pk = session.pk);
