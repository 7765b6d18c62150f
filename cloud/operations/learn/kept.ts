// Kept rejects as messages to learn from, and their replay once somebody has a mapping for them.
import { isReservedTopic } from "../../../contracts/names/topics.ts";
import type { ReplayAnswer } from "../../../contracts/messages/replay.ts";
import type { RejectReason } from "../../../contracts/messages/reject.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { findRejects } from "../rejects/find.ts";
import { replayRejects } from "../rejects/replay.ts";
import type { Sample } from "./sample.ts";

/** Reasons that a mapping can mend. */
const LEARNABLE: readonly RejectReason[] = ["unmapped_topic", "unmappable", "not_json"];
const LOOK_EVERY_MS = 500;

/** The newest rejects of a region that no mapping took, oldest first. */
export async function keptSamples(
  nats: NatsConnection,
  of: { readonly region: string; readonly sinceMs?: number },
  limit: number,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const reason of LEARNABLE)
    for (const { seq, reject } of await findRejects(nats, { ...of, reason }, limit)) {
      const { topic, clientId, principal, receivedAtMs: atMs, contentType } = reject;
      if (isReservedTopic(topic)) continue;
      samples.push({
        ...{ topic, clientId, atMs, at: seq, payload: Buffer.from(reject.payload, "base64") },
        ...(principal === undefined ? {} : { principal }),
        ...(contentType === undefined ? {} : { contentType }),
      });
    }
  return samples.sort((a, b) => a.at - b.at).slice(-limit);
}

/**
 * Waits until a gateway of the region takes one of the messages.
 * @returns why it does not, or null once it does.
 */
export async function untilInForce(
  nats: NatsConnection,
  {
    region,
    seq,
    signal,
  }: { readonly region: string; readonly seq: number; readonly signal: AbortSignal },
): Promise<string | null> {
  for (;;) {
    let last: ReplayAnswer | null = null;
    await replayRejects(nats, [seq], { region, dryRun: true }, (answer) => (last = answer));
    const { outcome, detail } = last as unknown as ReplayAnswer;
    if (outcome === "stored" || outcome === "partly" || outcome === "gone") return null;
    if (signal.aborted) return detail;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
