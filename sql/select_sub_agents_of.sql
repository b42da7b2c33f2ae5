-- All sub-agents of some sessions; :pks is a JSON list.
SELECT
    sub_agent.session_pk, sub_agent.agent_id, sub_agent.prompt_number, sub_agent.prompt_rank,
    sub_agent.agent_type, sub_agent.parent_agent_id, sub_agent.call_id, sub_agent.prompt_id,
    sub_agent.started_at, sub_agent.ended_at, sub_agent.status
FROM json_each(:pks) AS wanted
CROSS JOIN sub_agent ON sub_agent.session_pk = wanted.value;
