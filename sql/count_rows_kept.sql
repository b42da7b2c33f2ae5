-- How many rows, a session counted as one and each of its steps as one, there are and stay.
SELECT
    coalesce(sum(session.steps + 1), 0) AS rows,
    coalesce(sum(session.steps + 1) FILTER (WHERE session.removed_at IS NULL), 0) AS rows_kept
FROM session;
