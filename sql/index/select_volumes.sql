-- The volumes, the newest first, of each its generations, the lowest first.
SELECT number, generation, filled, entries, spoilt, merged
FROM volume
ORDER BY number DESC, generation;
