-- Where the sequences stand, how many rejected and discarded rows are kept, and their raw bytes.
SELECT
    -- A row that somebody put in by hand may have a higher number than was ever given.
    max((SELECT sequence FROM ledger), (SELECT coalesce(max(id), 0) FROM step)),
    (SELECT max(session_pk, coalesce((SELECT max(pk) FROM session), 0)) FROM ledger),
    (SELECT max(prompt_pk, coalesce((SELECT max(pk) FROM prompt), 0)) FROM ledger),
    (SELECT count(*) FROM rejected WHERE kind = 'rejected'),
    (SELECT count(*) FROM rejected WHERE kind = 'discarded'),
    (SELECT coalesce(sum(length(raw)), 0) FROM rejected);
