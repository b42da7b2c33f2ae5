-- Between which ids the steps of some sessions lie; :pks is a JSON list.
SELECT
    wanted.value,
    (SELECT min(step.id) FROM step WHERE step.session_pk = wanted.value),
    (SELECT max(step.id) FROM step WHERE step.session_pk = wanted.value)
FROM json_each(:pks) AS wanted;
