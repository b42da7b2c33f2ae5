-- The blocks of which steps were changed after revision :marked.
SELECT DISTINCT step.id >> 14 FROM step WHERE step.revision > :marked AND step.revision <> step.id;
