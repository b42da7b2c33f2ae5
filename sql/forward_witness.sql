-- The newest step that was made up to revision :revision, and when (Unix ms): what tells whether the
-- database is still the one that a cursor is a place in.
SELECT step.id, step.created_at FROM step
WHERE step.id <= :revision
ORDER BY step.id DESC
LIMIT 1;
