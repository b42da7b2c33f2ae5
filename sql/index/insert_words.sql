-- Put the words of the steps with revisions from :first to :last into a full-text table, as entries
-- of these numbers; words_0 stands for its name. Agent and type are words too, that begin with a
-- private character each. Entries of ascending numbers make the fewest pieces.
INSERT INTO words_0 (rowid, words)
WITH wanted AS (
    SELECT step.id AS revision, step.id FROM step
    WHERE step.id BETWEEN :first AND :last AND step.revision = step.id
    UNION ALL
    SELECT step.revision, step.id FROM step
    WHERE step.revision BETWEEN :first AND :last AND step.revision <> step.id
    ORDER BY 1
)
SELECT
    wanted.revision,
    char(57344) || hex(session.agent) || ' ' || char(57345) || step.trace_type || ' ' || step.name
    || ' ' || coalesce(step.source, '') || ' ' || coalesce(step.input_summary, '')
    || ' ' || coalesce(step.output_summary, '') || ' ' || coalesce(step.error, '')
FROM wanted
CROSS JOIN step ON step.id = wanted.id
JOIN session ON session.pk = step.session_pk
WHERE session.removed_at IS NULL;
