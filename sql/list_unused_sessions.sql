-- Sessions that were not used since :before, neither by what happened nor by what was heard of them;
-- first those whose last event is the longest ago.
SELECT session.pk, session.last_event_at, session.steps
FROM session
WHERE session.removed_at IS NULL AND session.last_event_at < :before
    AND session.heard_at < :before
ORDER BY session.last_event_at, session.pk;
