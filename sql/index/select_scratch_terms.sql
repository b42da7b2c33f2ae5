-- The words of the text that was cut, in its order.
SELECT term FROM temp.scratch_terms ORDER BY offset;
