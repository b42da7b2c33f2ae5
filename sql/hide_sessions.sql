-- Remove sessions from every view, and their ids from use: one that is resumed starts again.
-- :pks is a JSON list; one that was used since :unused_since stays.
UPDATE session SET removed_at = :now
WHERE
    session.pk IN (SELECT value FROM json_each(:pks))
    AND session.removed_at IS NULL AND session.last_event_at < :unused_since
    AND session.heard_at < :unused_since
RETURNING session.pk, session.agent, session.session_id, session.owner_uid;
