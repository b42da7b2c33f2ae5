-- Steps of a sub-agent that are under another prompt and did not name it themselves (rank 4).
SELECT id FROM step
WHERE session_pk = :session_pk AND agent_id = :agent_id AND prompt_number <> :prompt_number
    AND (ranks >> 32) & 7 <> 4;
