-- The steps that run now.
SELECT step.id FROM step
JOIN session ON session.pk = step.session_pk AND session.removed_at IS NULL
WHERE step.status = 'running';
