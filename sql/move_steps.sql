-- Put steps under other prompts; :moved is a JSON list of [id, prompt_number, revision].
UPDATE step SET
    prompt_number = json_extract(moved.value, '$[1]'),
    revision = json_extract(moved.value, '$[2]')
FROM json_each(:moved) AS moved
WHERE step.id = json_extract(moved.value, '$[0]');
