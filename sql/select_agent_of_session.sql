-- The agent recorded for a session id, the first where several have it: whoever sends an event again
-- must find it where it went.
SELECT agent FROM session
WHERE session_id = :session_id AND removed_at IS NULL
ORDER BY pk LIMIT 1;
