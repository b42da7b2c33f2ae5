-- Put a step under another prompt.
UPDATE step SET prompt_number = ?, revision = ? WHERE id = ?;
