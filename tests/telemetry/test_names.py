"""The names that backends look for."""

from traced.telemetry import names


def test_names_are_those_of_the_conventions() -> None:
    """Each is spelled as the conventions for generative AI, MCP and errors spell it."""
    found = [
        names.OPERATION_NAME,
        names.CONVERSATION_ID,
        names.AGENT_ID,
        names.AGENT_NAME,
        names.REQUEST_MODEL,
        names.TOOL_NAME,
        names.TOOL_CALL_ID,
        names.TOOL_TYPE,
        names.TOOL_ARGUMENTS,
        names.TOOL_RESULT,
        names.MCP_METHOD_NAME,
        names.ERROR_TYPE,
        names.HOST_NAME,
        names.SERVICE_NAME,
    ]

    assert found == [
        "gen_ai.operation.name",
        "gen_ai.conversation.id",
        "gen_ai.agent.id",
        "gen_ai.agent.name",
        "gen_ai.request.model",
        "gen_ai.tool.name",
        "gen_ai.tool.call.id",
        "gen_ai.tool.type",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "mcp.method.name",
        "error.type",
        "host.name",
        "service.name",
    ]


def test_no_name_is_given_twice() -> None:
    """Two facts never share an attribute."""
    keys = [each for each in vars(names).values() if isinstance(each, str) and "." in each]

    assert len(keys) == len(set(keys))
