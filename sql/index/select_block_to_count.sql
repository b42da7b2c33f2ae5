-- The newest block that is not counted, of those that are full, from the first step on; :held, a
-- JSON list, are to wait.
WITH RECURSIVE block (number) AS (
    SELECT ((SELECT sequence FROM ledger) + 1 >> 14) - 1
    UNION ALL
    SELECT number - 1 FROM block WHERE number > (SELECT min(step.id) >> 14 FROM step)
)
SELECT block.number
FROM block
WHERE
    block.number >= (SELECT min(step.id) >> 14 FROM step)
    AND NOT EXISTS (SELECT 1 FROM extent WHERE extent.level = 0 AND extent.number = block.number)
    AND block.number NOT IN (SELECT value FROM json_each(:held))
LIMIT 1;
