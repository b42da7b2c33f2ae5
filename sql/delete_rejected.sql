-- Delete rejected rows by their ids, a JSON array.
DELETE FROM rejected
WHERE id IN (SELECT value FROM json_each(:ids));
