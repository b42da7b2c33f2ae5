-- Forget up to :limit events of hidden sessions; :pks is a JSON list.
DELETE FROM seen_event
WHERE (session_pk, digest) IN (
    SELECT seen.session_pk, seen.digest
    FROM json_each(:pks) AS wanted
    CROSS JOIN session ON session.pk = wanted.value AND session.removed_at IS NOT NULL
    CROSS JOIN seen_event AS seen ON seen.session_pk = session.pk
    LIMIT :limit
);
