"""
The names under which OpenTelemetry's backends know what traced recorded.

Law: no other module spells one. Those of the conventions for generative AI are of their state
"Development" (open-telemetry/semantic-conventions-genai); what these do not know has the prefix
`traced.`; two names of OpenInference fill what Arize Phoenix shows of neither.
"""

from typing import Final

OPERATION_NAME: Final = "gen_ai.operation.name"
EXECUTE_TOOL: Final = "execute_tool"
INVOKE_AGENT: Final = "invoke_agent"

CONVERSATION_ID: Final = "gen_ai.conversation.id"
AGENT_ID: Final = "gen_ai.agent.id"
AGENT_NAME: Final = "gen_ai.agent.name"
REQUEST_MODEL: Final = "gen_ai.request.model"

USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
# Both are parts of the input's, in the conventions as here.
USAGE_CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_CACHE_CREATION_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"

TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_FUNCTION: Final = "function"
TOOL_EXTENSION: Final = "extension"

MCP_METHOD_NAME: Final = "mcp.method.name"
MCP_TOOLS_CALL: Final = "tools/call"

ERROR_TYPE: Final = "error.type"
# The convention's own word for a tool that answers with an error; the others are SPEC 4's.
ERROR_TYPES: Final = {"error": "tool_error", "denied": "denied", "cancelled": "cancelled"}

# Content, which is only given if it was asked for.
TOOL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_RESULT: Final = "gen_ai.tool.call.result"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
INPUT_VALUE: Final = "input.value"
OUTPUT_VALUE: Final = "output.value"

# What no operation of the conventions is: a hook's run, a slash command.
SPAN_KIND: Final = "openinference.span.kind"
CHAIN: Final = "CHAIN"

HOST_NAME: Final = "host.name"
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"
SERVICE_INSTANCE_ID: Final = "service.instance.id"

AGENT: Final = "traced.agent"
PROMPT_NUMBER: Final = "traced.prompt.number"
PROMPT_ID: Final = "traced.prompt.id"
PROMPT_SOURCE: Final = "traced.prompt.source"
STEP_ORDER: Final = "traced.step.order"
STEP_TYPE: Final = "traced.step.type"
STEP_STATUS: Final = "traced.step.status"
STEP_SOURCE: Final = "traced.step.source"
DURATION_MS: Final = "traced.step.duration_ms"
PERMISSION_WAIT_MS: Final = "traced.step.permission_wait_ms"
PARENT_AGENT_ID: Final = "traced.agent.parent_id"

SCOPE: Final = "traced"
SERVICE: Final = "agent-traced"
