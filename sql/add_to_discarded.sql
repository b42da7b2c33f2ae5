-- Count more events in the latest row of a reason for which some were discarded.
UPDATE rejected
SET count = count + :count
WHERE id = (
    SELECT max(id) FROM rejected WHERE kind = 'discarded' AND reason = :reason
);
