-- Steps whose rows show what has just become known of their sub-agent, as they do not say it
-- themselves; :known is a JSON list of [session_pk, agent_id, type is new, parent is new].
SELECT DISTINCT step.id
FROM json_each(:known) AS known
CROSS JOIN step
    ON step.session_pk = json_extract(known.value, '$[0]')
    AND step.agent_id = json_extract(known.value, '$[1]')
WHERE
    (json_extract(known.value, '$[2]') AND step.agent_type IS NULL)
    OR (json_extract(known.value, '$[3]') AND step.parent_agent_id IS NULL)
ORDER BY step.id;
