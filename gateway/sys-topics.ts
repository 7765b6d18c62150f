// The gateway's figures of itself under `$SYS/broker/`, by the names that Mosquitto gave them and many tools know.
//
// Y1. A topic is written when its value has changed, and only then: it is retained, and so it is on disk.
// Y2. A name says what it says elsewhere, or it is not here.
import { sleep } from "../platform/runtime/backoff.ts";
import { VERSION } from "../platform/runtime/version.ts";
import type { Broker } from "./broker/broker.ts";

/** The time between two looks, as Mosquitto has it by default. */
const EVERY_MS = 10_000;
const ROOT = "$SYS/broker";

type Figures = Pick<Broker, "counters" | "queues" | "holdings" | "publish">;

/** Tells them until `signal` aborts. */
export async function tellSysTopics(broker: Figures, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  const told = new Map<string, string>();
  while (!signal.aborted) {
    const uptimeSeconds = Math.floor((performance.now() - startedMs) / 1000);
    for (const [name, value] of Object.entries(sysFigures(broker, uptimeSeconds))) {
      if (told.get(name) === value) continue; // Y1
      told.set(name, value);
      await broker.publish(`${ROOT}/${name}`, value, { retain: true });
    }
    await sleep(EVERY_MS, signal);
  }
}

/** Values by what follows `$SYS/broker/`. */
export function sysFigures(
  { counters, queues, holdings }: Omit<Figures, "publish">,
  uptimeSeconds: number,
): Record<string, string> {
  const { sessions, messages, bytes } = queues();
  const { subscriptions, retained } = holdings();
  const dropped = Object.values(counters.dropped).reduce((sum, one) => sum + one, 0);
  const figures = {
    "clients/connected": counters.connections,
    "clients/disconnected": sessions.away,
    "clients/total": counters.connections + sessions.away,
    "messages/received": counters.packetsReceived,
    "messages/sent": counters.packetsSent,
    "publish/messages/received": counters.publishesReceived,
    "publish/messages/sent": counters.deliveries,
    "publish/messages/dropped": dropped,
    "store/messages/count": messages,
    "store/messages/bytes": bytes,
    "retained messages/count": retained,
    "subscriptions/count": subscriptions,
  };
  return {
    version: `skerry version ${VERSION}`,
    uptime: `${uptimeSeconds} seconds`,
    ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, String(value)])),
  };
}
