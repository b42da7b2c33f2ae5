-- How many sessions had their last event before :too_old_before, and when one was used last, of
-- those that were not used since :since.
SELECT
    count(*) FILTER (WHERE session.last_event_at < :too_old_before),
    max(max(session.last_event_at, session.heard_at))
FROM session
WHERE session.removed_at IS NULL AND session.last_event_at < :since AND session.heard_at < :since;
