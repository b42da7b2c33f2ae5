-- Permission requests of some sessions that wait for their call; :pks is a JSON list.
SELECT permission_ask.session_pk, permission_ask.match_key, permission_ask.asked_at
FROM json_each(:pks) AS wanted
CROSS JOIN permission_ask ON permission_ask.session_pk = wanted.value;
