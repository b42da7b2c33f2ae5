-- Delete steps of hidden sessions; :ids is a JSON list.
DELETE FROM step
WHERE
    id IN (SELECT value FROM json_each(:ids))
    AND session_pk IN (SELECT pk FROM session WHERE removed_at IS NOT NULL);
