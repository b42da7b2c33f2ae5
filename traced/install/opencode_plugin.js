// Written by `traced install opencode`, which writes it anew; `traced uninstall opencode` deletes it.
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

/** Whether `event` of the bus is one that traced reads. */
function isWanted(event) {
  if (event?.type !== "message.part.updated") return SESSION_EVENTS.has(event?.type);
  const part = event.properties?.part;
  return part?.type === "tool" && ENDS.has(part.state?.status);
}

export const TracedPlugin = async () => ({
  "chat.message": (input, output) => handOver({ hook: "chat.message", input, output }),
  "tool.execute.before": (input, output) =>
    handOver({ hook: "tool.execute.before", input, output }),
  event: async (input) => {
    if (isWanted(input?.event)) await handOver({ hook: "event", input });
  },
  dispose: async () => {
    await Promise.all(pending);
  },
});
