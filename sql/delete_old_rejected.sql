-- Of the oldest :limit rejected and discarded rows, delete those that came before :before.
DELETE FROM rejected
WHERE id IN (
    SELECT oldest.id
    FROM (SELECT id, received_at FROM rejected ORDER BY id LIMIT :limit) AS oldest
    WHERE oldest.received_at < :before
);
