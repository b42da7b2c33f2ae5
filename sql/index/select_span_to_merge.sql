-- A span that is not there though the four that it is made of are, the smallest first.
SELECT span.level + 1, span.number >> 2
FROM span
GROUP BY 1, 2
HAVING
    count(*) = 4
    AND NOT EXISTS (
        SELECT 1 FROM span AS whole
        WHERE whole.level = span.level + 1 AND whole.number = span.number >> 2
    )
ORDER BY 1, 2
LIMIT 1;
