-- Which explicit step orders are taken, and by which name; :keys: [session_pk, step_order].
SELECT step.session_pk, step.step_order, step.name
FROM json_each(:keys) AS wanted
CROSS JOIN step
    ON step.session_pk = json_extract(wanted.value, '$[0]')
    AND step.step_order = json_extract(wanted.value, '$[1]');
