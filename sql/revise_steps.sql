-- Give steps new revisions; :revised is a JSON list of [id, revision].
UPDATE step SET revision = json_extract(revised.value, '$[1]')
FROM json_each(:revised) AS revised
WHERE step.id = json_extract(revised.value, '$[0]');
