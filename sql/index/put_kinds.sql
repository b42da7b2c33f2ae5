-- Name the kinds of the steps with ids from :first to :last.
INSERT OR IGNORE INTO kind (agent, trace_type, name, source)
SELECT DISTINCT
    session.agent, step.trace_type, step.name,
    CASE WHEN step.trace_type = 'mcp' THEN coalesce(step.source, '') ELSE '' END
FROM step
JOIN session ON session.pk = step.session_pk
WHERE step.id BETWEEN :first AND :last AND session.removed_at IS NULL;
