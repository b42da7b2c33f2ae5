-- What a copy is compared by: the last id or revision given, sessions, steps.
SELECT
    (SELECT sequence FROM ledger),
    (SELECT count(*) FROM session),
    (SELECT count(*) FROM step);
