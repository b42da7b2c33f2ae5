-- The agent recorded for a session id, the latest where several have it.
SELECT agent FROM session WHERE session_id = :session_id ORDER BY last_event_at DESC LIMIT 1;
