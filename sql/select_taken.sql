-- Which events of the JSON list :digests were taken in sessions with an event since :since (Unix ms).
SELECT DISTINCT seen_event.digest
FROM session
CROSS JOIN json_each(:digests) AS wanted
CROSS JOIN seen_event
    ON seen_event.session_pk = session.pk AND seen_event.digest = wanted.value
WHERE session.last_event_at >= :since;
