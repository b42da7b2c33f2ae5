-- The revision given last to a step that is still there, 0 where there is none.
SELECT max(
    coalesce((SELECT max(id) FROM step), 0),
    coalesce((SELECT max(revision) FROM step WHERE revision <> id), 0)
) AS revision;
