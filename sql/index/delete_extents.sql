-- Take out the extents that hold one of the blocks :blocks, a JSON list.
DELETE FROM extent
WHERE EXISTS (
    SELECT 1 FROM json_each(:blocks) AS block WHERE block.value >> (2 * extent.level) = extent.number
);
