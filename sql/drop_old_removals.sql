-- Keep the last :kept removals.
DELETE FROM removal WHERE id <= (SELECT max(id) FROM removal) - :kept;
