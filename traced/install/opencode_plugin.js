// Written by `traced install opencode`, which overwrites it; `traced uninstall opencode` deletes it.
//
// Hands what happens in a session to traced's hook client. It changes nothing, prints nothing and
// never throws: whatever goes wrong here, OpenCode works on.

import { spawn } from "node:child_process";

const COMMAND = "";
const WAIT_MS_MAX = 1000; // the client reads at once; OpenCode must not wait for one that does not

// A call's end is taken from the part of the message that shows it: there alone are its times, and
// the calls that failed before they ran. That part is told again with every line of output.
const ENDS = new Set(["completed", "error"]);
const SESSION_EVENTS = new Set(["session.created", "session.idle", "session.deleted"]);

// A sub-agent is a session of its own. Of each: the ids from the user's session down to it.
const lineages = new Map();
// The calls whose sub-agent has been named while they ran.
const linked = new Set();
// What the names of tools begin with that come from a server of the Model Context Protocol.
const servers = new Set();

const pending = new Set();

/** Start the client on `payload`; resolves, always, once it is written or nobody will read it. */
function handOver(payload) {
  const written = new Promise((resolve) => {
    try {
      const line = JSON.stringify(payload);
      const stdio = ["pipe", "ignore", "ignore"];
      const client = spawn("/bin/sh", ["-c", COMMAND], { stdio, detached: true });
      for (const end of ["error", "close"]) client.on(end, resolve);
      client.stdin.on("error", resolve);
      client.stdin.end(line, resolve);
      client.unref();
      setTimeout(resolve, WAIT_MS_MAX).unref();
    } catch {
      resolve();
    }
  }).finally(() => pending.delete(written));
  pending.add(written);
  return written.then(() => {});
}

/** Note whose sub-agent a session is, if it is one. */
function learn(event) {
  const { id, parentID } = event?.properties?.info ?? {};
  if (id && parentID && String(event.type).startsWith("session."))
    lineages.set(id, [...(lineages.get(parentID) ?? [parentID]), id]);
}

/** Whether a part shows a running call's sub-agent for the first time. */
function isLink(part) {
  const isNamed = part.state?.status === "running" && part.state.metadata?.sessionId;
  if (!isNamed || linked.has(part.callID)) return false;
  linked.add(part.callID);
  return true;
}

/** Whether `event` of the bus is one that traced reads. */
function isWanted(event) {
  const about = event?.properties;
  if (event?.type === "session.created") return !about?.info?.parentID; // its first message tells it
  if (event?.type !== "message.part.updated") return SESSION_EVENTS.has(event?.type);
  const part = about?.part;
  return part?.type === "tool" && (ENDS.has(part.state?.status) || isLink(part));
}

/** `payload` about a session, and about a call of `tool` if one is named, with what it lacks. */
function placed(payload, session, tool) {
  const lineage = lineages.get(session);
  const named = [...servers].filter((server) => String(tool).startsWith(`${server}_`));
  const mcp_server = named.sort((one, other) => other.length - one.length)[0];
  return { ...payload, ...(lineage && { lineage }), ...(mcp_server && { mcp_server }) };
}

export const TracedPlugin = async () => ({
  config: async (config) => {
    for (const name of Object.keys(config?.mcp ?? {}))
      servers.add(name.replace(/[^a-zA-Z0-9_-]/g, "_")); // as OpenCode writes it into tools' names
  },
  "chat.message": (input, output) =>
    handOver(placed({ hook: "chat.message", input, output }, input?.sessionID)),
  "tool.execute.before": (input, output) =>
    handOver(placed({ hook: "tool.execute.before", input, output }, input?.sessionID, input?.tool)),
  event: async (input) => {
    const event = input?.event;
    learn(event);
    if (!isWanted(event)) return;
    const { sessionID, part, info } = event.properties ?? {};
    const session = sessionID ?? part?.sessionID ?? info?.id;
    await handOver(placed({ hook: "event", input }, session, part?.tool));
  },
  dispose: async () => {
    await Promise.all(pending);
  },
});
