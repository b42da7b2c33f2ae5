-- The keys of steps without a call id that began or ended after a time; :late is a JSON list of
-- [session_pk, time].
SELECT DISTINCT step.session_pk, step.match_key
FROM json_each(:late) AS wanted
CROSS JOIN step
    ON step.session_pk = json_extract(wanted.value, '$[0]')
    AND step.match_key IS NOT NULL
    AND step.call_id IS NULL
WHERE coalesce(step.ended_at, step.started_at) > json_extract(wanted.value, '$[1]');
