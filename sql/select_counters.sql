-- Where the sequences stand.
SELECT
    (SELECT sequence FROM ledger),
    (SELECT coalesce(max(pk), 0) FROM session),
    (SELECT coalesce(max(pk), 0) FROM prompt);
