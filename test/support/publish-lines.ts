// Messages as a stranger sends them: with mosquitto_pub, one a line, QoS 1; with a client of ours where
// Mosquitto is not installed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connectAsync } from "mqtt";

/** Resolves when every line is acknowledged; mosquitto_pub -l waits for each. */
export async function publishLines(
  port: number,
  topic: string,
  lines: readonly string[],
): Promise<void> {
  const args = ["-h", "127.0.0.1", "-p", String(port), "-V", "5", "-q", "1", "-l", "-t", topic];
  const child = spawn("mosquitto_pub", args, { stdio: ["pipe", "ignore", "ignore"] });
  const started = once(child, "spawn").then(
    () => true,
    () => false,
  );
  if (!(await started)) return publishOurselves(port, topic, lines);
  const ended = once(child, "close");
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  await ended;
  if (child.exitCode !== 0) throw new Error(`mosquitto_pub ended with ${child.exitCode}`);
}

async function publishOurselves(port: number, topic: string, lines: readonly string[]) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  try {
    await Promise.all(lines.map((line) => client.publishAsync(topic, line, { qos: 1 })));
  } finally {
    await client.endAsync(true);
  }
}
