-- Which events have been taken before; :keys is a JSON list of [session_pk, digest].
SELECT seen_event.session_pk, seen_event.digest, seen_event.step_order
FROM json_each(:keys) AS wanted
CROSS JOIN seen_event
    ON seen_event.session_pk = json_extract(wanted.value, '$[0]')
    AND seen_event.digest = json_extract(wanted.value, '$[1]');
