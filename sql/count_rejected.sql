-- How many rejected and discarded rows are kept.
SELECT count(*) FROM rejected;
