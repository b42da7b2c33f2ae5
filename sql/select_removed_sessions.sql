-- Sessions that are hidden and still have rows to be deleted, the first hidden first.
SELECT session.pk
FROM session
WHERE session.removed_at IS NOT NULL
ORDER BY session.removed_at, session.pk
LIMIT :limit;
