-- An extent that is not there though the four that it is made of are, the smallest first.
SELECT extent.level + 1, extent.number >> 2
FROM extent
GROUP BY 1, 2
HAVING
    count(*) = 4
    AND NOT EXISTS (
        SELECT 1 FROM extent AS whole
        WHERE whole.level = extent.level + 1 AND whole.number = extent.number >> 2
    )
ORDER BY 1, 2
LIMIT 1;
