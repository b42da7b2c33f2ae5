-- Steps of sub-agents that are under another prompt and did not name it themselves (rank 4);
-- :moves is a JSON list of [session_pk, agent_id, prompt_number].
SELECT step.id, json_extract(wanted.value, '$[2]') AS prompt_number
FROM json_each(:moves) AS wanted
CROSS JOIN step
    ON step.session_pk = json_extract(wanted.value, '$[0]')
    AND step.agent_id = json_extract(wanted.value, '$[1]')
WHERE step.prompt_number <> json_extract(wanted.value, '$[2]') AND (step.ranks >> 32) & 7 <> 4
ORDER BY step.id;
