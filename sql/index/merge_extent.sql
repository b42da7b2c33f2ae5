-- Say that an extent's tallies are those of its four parts.
INSERT INTO extent (level, number, ran_from, ran_to)
SELECT :level, :number, min(ran_from), max(ran_to)
FROM extent
WHERE level = :level - 1 AND number BETWEEN :number * 4 AND :number * 4 + 3;
