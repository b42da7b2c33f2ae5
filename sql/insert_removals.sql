-- Tell who keeps copies of steps which are gone; :removals is a JSON list of
-- [session_pk, first step id, last step id].
INSERT INTO removal (session_pk, removed_at, first_step_id, last_step_id)
SELECT
    json_extract(gone.value, '$[0]'), :now, json_extract(gone.value, '$[1]'),
    json_extract(gone.value, '$[2]')
FROM json_each(:removals) AS gone;
