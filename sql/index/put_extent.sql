-- Say that the tallies of block :number, ids from :first to :last, are those of its steps.
INSERT INTO extent (level, number, ran_from, ran_to)
SELECT
    0, :number,
    min(coalesce(step.started_at, step.ended_at, step.created_at)),
    max(coalesce(step.started_at, step.ended_at, step.created_at))
FROM step
WHERE step.id BETWEEN :first AND :last;
