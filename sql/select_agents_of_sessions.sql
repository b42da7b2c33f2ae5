-- The agents recorded for session ids, the first where several have one: whoever sends an event again
-- must find it where it went. :session_ids is a JSON list; null for who is not recorded.
SELECT
    wanted.value,
    (
        SELECT session.agent FROM session
        WHERE session.session_id = wanted.value AND session.removed_at IS NULL
        ORDER BY session.pk LIMIT 1
    )
FROM json_each(:session_ids) AS wanted;
