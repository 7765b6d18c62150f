import type { NatsAccess } from "../../platform/nats/client/access.ts";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Child } from "./child.ts";

const PROBE_EVERY_MS = 2_000;
const PROBE_TIMEOUT_MS = 2_000;
const FAILURES_TO_KILL = 3;

/**
 * Asks JetStream itself, every 2 s: on a full disk nats-server 2.9.10 hangs, calls itself healthy
 * and ignores SIGTERM. Three failures in a row, and it is killed; its supervisor starts it again.
 */
export async function watchJetStream(
  child: Child,
  probe: () => Promise<void>,
  killed: (why: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  let starts = child.starts;
  while (!signal.aborted) {
    await sleep(PROBE_EVERY_MS, signal);
    if (signal.aborted) return;
    if (child.pid === undefined || child.starts !== starts) {
      failures = 0;
      starts = child.starts;
      continue;
    }
    try {
      await probe();
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures < FAILURES_TO_KILL) continue;
      killed(`JetStream did not answer ${failures} times (${messageOf(error)}), killing it`);
      child.kill();
      failures = 0;
    }
  }
}

/** One probe on a connection of its own: the account's JetStream answers about its streams. */
export const jetStreamProbe = (access: NatsAccess) => async (): Promise<void> => {
  const options = { name: "watchdog", timeoutMs: PROBE_TIMEOUT_MS, reconnect: false };
  const connection = await connectOnce({ ...access, ...options });
  try {
    await new Streams(connection, options).list();
  } finally {
    await connection.close();
  }
};
