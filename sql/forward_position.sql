-- How far the database has got: the last revision and the last key of a prompt that were given.
SELECT
    -- A row that somebody put in by hand may have a higher number than was ever given.
    max((SELECT sequence FROM ledger), (SELECT coalesce(max(id), 0) FROM step)),
    (SELECT max(prompt_pk, coalesce((SELECT max(pk) FROM prompt), 0)) FROM ledger);
