-- The events rejected or discarded last, latest first.
SELECT
    id, received_at, kind, agent, session_id, count, reason, detail, raw, length
FROM rejected_events
ORDER BY id DESC
LIMIT :limit;
