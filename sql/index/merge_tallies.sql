-- Make the tallies of an extent out of those of its four parts.
INSERT INTO tally (level, number, kind_pk, about_us, steps, errors, total_ms)
SELECT :level, :number, kind_pk, about_us, sum(steps), sum(errors), sum(total_ms)
FROM tally
WHERE level = :level - 1 AND number BETWEEN :number * 4 AND :number * 4 + 3
GROUP BY kind_pk, about_us;
