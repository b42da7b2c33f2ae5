-- Sessions without an event since :before, the longest unused first.
SELECT session.pk, session.last_event_at, session.steps
FROM session
WHERE session.removed_at IS NULL AND session.last_event_at < :before
ORDER BY session.last_event_at, session.pk;
