-- Keep rejected or discarded events; the group of values is repeated. What was read from one place
-- of the spool is kept once.
INSERT INTO rejected (
    received_at, kind, agent, session_id, count, reason, detail, raw, length, origin
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (origin) DO NOTHING;
