-- Where the last :scanned steps up to the id :last begin, how many these are, and the first of all.
SELECT min(looked.id), count(*), (SELECT min(step.id) FROM step) AS first_of_all
FROM (
    SELECT step.id FROM step
    WHERE step.id <= :last
    ORDER BY step.id DESC
    LIMIT :scanned
) AS looked;
