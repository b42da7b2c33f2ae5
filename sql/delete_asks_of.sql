-- Drop up to :limit permission requests of hidden sessions; :pks is a JSON list.
DELETE FROM permission_ask
WHERE (session_pk, match_key, asked_at) IN (
    SELECT ask.session_pk, ask.match_key, ask.asked_at
    FROM json_each(:pks) AS wanted
    CROSS JOIN session ON session.pk = wanted.value AND session.removed_at IS NOT NULL
    CROSS JOIN permission_ask AS ask ON ask.session_pk = session.pk
    LIMIT :limit
);
