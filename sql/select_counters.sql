-- Where the sequences stand, and how many rejected and discarded rows are kept.
SELECT
    (SELECT sequence FROM ledger),
    (SELECT coalesce(max(pk), 0) FROM session),
    (SELECT coalesce(max(pk), 0) FROM prompt),
    (SELECT count(*) FROM rejected);
