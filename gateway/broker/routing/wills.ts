// Wills: they pass through the same admission as any publish.
//
// W1. A will refused by `publish` is gone; one that is accepted is forwarded once.
// W2. A stored will whose client does not come back within the grace period after a restart is
//     published then: to its subscribers the client has been lost with the process.
import type { AedesClient, Properties, Will } from "../aedes/seam.ts";
import type { Message, Refusal } from "../../ingest/message.ts";
import { type Core, count } from "../core.ts";
import { forward } from "./forward.ts";

export function publishWill(core: Core, client: { id: string } | AedesClient, will: Will): void {
  const identity = "conn" in client ? core.connectionOf.get(client)?.identity : undefined;
  // The delay is an instruction to the server and no property of PUBLISH (MQTT 5, 3.1.3.2.2).
  const { willDelayInterval: _, ...rest } = will.properties ?? {};
  const properties = Object.keys(rest).length > 0 ? (rest as Properties) : undefined;
  const trace = properties?.userProperties?.traceparent;
  const message: Message = {
    clientId: client.id,
    principal: identity?.principal,
    device: identity?.device,
    topic: will.topic,
    payload: Buffer.isBuffer(will.payload) ? will.payload : Buffer.from(will.payload),
    qos: will.qos ?? 0,
    traceparent: Array.isArray(trace) ? trace[0] : trace,
    contentType: properties?.contentType,
  };
  let settled = false;
  const settle = (refusal: Refusal | null): void => {
    if (settled) return;
    settled = true;
    if (!refusal)
      forward(core, { ...message, retain: will.retain ?? false, properties }, client.id);
    // Unless the client is back, with a will of its own in the same place.
    if (!core.aedes.clients[client.id]) core.store.deleteWill(client.id);
  };
  try {
    core.handlers.publish(message, settle);
  } catch (error) {
    core.logger?.error({ err: error, topic: will.topic, clientId: client.id }, "will failed");
    count(core.counters.dropped, "will_failed");
    settled = true;
  }
}

/** W2. Returns what cancels it. */
export function publishOrphanedWills(core: Core, graceMs: number): () => void {
  const orphans = core.store.wills();
  const timer = setTimeout(() => {
    for (const { client, will } of orphans)
      if (!seen.has(client)) publishWill(core, { id: client }, will);
  }, graceMs);
  timer.unref();
  // A client that came back has replaced or dropped its will with its CONNECT.
  const seen = new Set<string>();
  core.aedes.on("client", ({ id }: { id: string }) => seen.add(id));
  return () => clearTimeout(timer);
}
