-- Take out the spans that hold one of the blocks :blocks, a JSON list.
DELETE FROM span
WHERE EXISTS (
    SELECT 1 FROM json_each(:blocks) AS block WHERE block.value >> (2 * span.level) = span.number
);
