// The choice of the alerts that are told next, and of the messages that tell them (pure).
//
// P1. A plan takes alerts from the front of the queue and takes each of them once: what is not in the
//     plan stays in the queue.
// P2. Over the rate limit nothing is dropped: alerts wait, and if more than `DIGEST_OVER` would have to,
//     one digest tells up to `BATCH_MAX` of them.
import type { MessagePlan, PlacedAlert } from "./message.ts";

/** Alerts of one batch, and so of one digest. */
export const BATCH_MAX = 200;
/** Alerts that may wait for the rate limit, each for its own message. */
export const DIGEST_OVER = 20;

export interface Batch {
  readonly messages: readonly MessagePlan[];
  /** Number of alerts that it takes from the front of the queue. */
  readonly taken: number;
}

/**
 * @param waiting at least one, in the order of the stream.
 * @param options.tokens messages that the rate limit allows now, at least one.
 */
export function planBatch(
  waiting: readonly PlacedAlert[],
  { grouped, tokens }: { readonly grouped: boolean; readonly tokens: number },
): Batch {
  const batch = waiting.slice(0, BATCH_MAX);
  const messages = grouped
    ? groupsOf(batch)
    : batch.map(({ seq }): MessagePlan => ({ kind: "single", seqs: [seq] }));
  if (messages.length <= tokens) return { messages, taken: batch.length };
  const late = messages.slice(tokens).reduce((sum, { seqs }) => sum + seqs.length, 0);
  if (late > DIGEST_OVER) {
    const digest: MessagePlan = { kind: "digest", seqs: batch.map(({ seq }) => seq) };
    return { messages: [digest], taken: batch.length };
  }
  // Groups are not at the front of the queue one after the other: all of them, each in its turn.
  if (grouped) return { messages, taken: batch.length };
  return { messages: messages.slice(0, tokens), taken: tokens };
}

/** One message for each rule and state, in the order in which these first appear. */
function groupsOf(batch: readonly PlacedAlert[]): MessagePlan[] {
  const groups = new Map<string, number[]>();
  for (const { seq, alert } of batch) {
    const key = `${alert.rule}\n${alert.state}`;
    const seqs = groups.get(key);
    if (seqs) seqs.push(seq);
    else groups.set(key, [seq]);
  }
  return [...groups.values()].map((seqs) => ({ kind: "group", seqs }));
}
