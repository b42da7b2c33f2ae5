-- Keep rejected or discarded events; the group of values is repeated.
INSERT INTO rejected (
    received_at, kind, agent, session_id, count, reason, detail, raw, length
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);
