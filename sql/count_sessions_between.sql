-- How many sessions had their last event from :since up to :before.
SELECT count(*) FROM session
WHERE
    session.removed_at IS NULL
    AND session.last_event_at >= :since AND session.last_event_at < :before;
