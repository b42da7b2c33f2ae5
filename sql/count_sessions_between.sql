-- How many sessions had their last event before :before, and were used since :since.
SELECT count(*) FROM session
WHERE
    session.removed_at IS NULL
    AND session.last_event_at < :before
    AND max(session.last_event_at, session.heard_at) >= :since;
