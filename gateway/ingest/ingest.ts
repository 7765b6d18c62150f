// One message from arrival to acknowledgement: admit, store as readings and rejects, and only when
// all of them are stored, settle (P1, P5).
//
// Access control decides before this, on the original topic; see gateway/ingest/mapping.ts, M2.
import type { Reject } from "../../contracts/messages/reject.ts";
import { sampledTraceparent } from "../../otel/propagation.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Admitted, Refused } from "./admit-reading.ts";
import { type Admission, type MessageRules, admit } from "./admit.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Message, Refusal, Settle } from "./message.ts";
import type { RejectLog } from "../../platform/nats/lanes/reject-log.ts";

export interface IngestParts {
  rules: MessageRules;
  commitLog: Pick<CommitLog, "append">;
  rejectLog: Pick<RejectLog, "append">;
  tracing: Tracing;
  /** Epoch ms. */
  clock: () => number;
  signal: AbortSignal;
}

/** What a message came as; the same for a publish and for a kept reject. */
type Origin = Pick<Reject, "topic" | "clientId" | "receivedAtMs" | "payload"> & {
  readonly traceparent: string | null;
};

export interface ReplayOutcome {
  readonly readings: number;
  /** Why something is refused (again), null if nothing is. */
  readonly refused: string | null;
}

export class Ingest {
  readonly #parts: IngestParts;

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  /** Stores what is admitted of a message and keeps what is not, then settles it. */
  publish(message: Message, settle: Settle): void {
    const { rules, commitLog, tracing, clock } = this.#parts;
    const receivedAtMs = clock();
    const span = this.#startSpan(message, receivedAtMs);
    const traceparent = span?.traceparent ?? sampledTraceparent(message.traceparent);
    const { topic, payload, clientId } = message;
    const admission = admit(rules, { topic, payload, receivedAtMs, traceparent });
    if (admission.kind === "reading" && (traceparent === null || !span)) {
      commitLog.append(admission.partition, admission.encoded, settle);
      return;
    }
    const admittedAtMs = clock();
    span?.end(admittedAtMs);
    const { readings, rejects, refused } = partsOf(admission);
    const refusal = refusalOf(readings, rejects, refused);
    let waiting = readings.length + rejects.length;
    const stored = (): void => {
      waiting -= 1;
      if (waiting > 0) return;
      if (span && traceparent !== null && readings.length > 0)
        tracing.record({
          name: "gateway commit",
          parent: traceparent,
          startMs: admittedAtMs,
          endMs: clock(),
        });
      settle(refusal);
    };
    for (const { partition, encoded } of readings) commitLog.append(partition, encoded, stored);
    if (rejects.length === 0) return;
    const kept = {
      topic,
      clientId,
      receivedAtMs,
      traceparent,
      payload: payload.toString("base64"),
    };
    for (const one of rejects)
      this.#parts.rejectLog.append(rejectOf(one, kept), this.#parts.signal).then(
        stored,
        () => undefined, // Stopping: not settled, so the device sends it again.
      );
  }

  /** Keeps what its sender had no right to publish: refused, stored with the reason, then settled. */
  refuse(
    { topic, clientId, payload, principal, device }: Message,
    why: Refusal,
    settle: Settle,
  ): void {
    const reject: Reject = {
      reason: "not_authorized",
      detail: why.detail,
      topic,
      clientId,
      device: device ?? principal ?? clientId,
      contract: null,
      version: null,
      receivedAtMs: this.#parts.clock(),
      payload: payload.toString("base64"),
    };
    this.#parts.rejectLog.append(reject, this.#parts.signal).then(
      () => settle(why),
      () => undefined, // Stopping: not settled, so the device sends it again.
    );
  }

  /**
   * Admits a reject again as of its original arrival, so that the reading is the same however often
   * this is done: its event time, where it has none of its own, is the arrival time, and its identity
   * follows from payload and event time (contracts/messages/reading.ts). With identity `none` that holds for
   * the raw point too; only a rollup whose window is still open counts a second replay again.
   *
   * Resolves once everything is stored: readings in the log, and what is still refused, if something
   * else was stored, as rejects of its own. The caller then deletes the reject; should that fail,
   * another replay is harmless. If nothing fits, nothing is stored and the reject stays as it is.
   *
   * @param seq of the reject in its stream.
   * @throws if `signal` aborts first; then it may be stored or not.
   */
  async replay(
    reject: Reject,
    { seq, dryRun }: { seq: number; dryRun: boolean },
    signal: AbortSignal,
  ): Promise<ReplayOutcome> {
    const { topic, clientId, receivedAtMs, payload, mapping, elements } = reject;
    const traceparent = reject.traceparent ?? null;
    const admission = admit(this.#parts.rules, {
      topic,
      payload: Buffer.from(payload, "base64"),
      receivedAtMs,
      traceparent,
      only: { ...(mapping === undefined ? {} : { mapping }), ...(elements ? { elements } : {}) },
    });
    const { readings, rejects, refused } = partsOf(admission);
    const reason = refusalOf(readings, rejects, refused)?.detail ?? null;
    if (dryRun || readings.length === 0) return { readings: readings.length, refused: reason };
    const kept: Origin = { topic, clientId, receivedAtMs, traceparent, payload };
    const work: Promise<void>[] = readings.map(
      ({ partition, encoded }) =>
        new Promise((resolve) => {
          this.#parts.commitLog.append(partition, encoded, () => resolve());
        }),
    );
    for (const one of rejects) {
      const id = `replay:${seq}:${one.mapping ?? ""}:${one.reason}`;
      work.push(this.#parts.rejectLog.append(rejectOf(one, kept), signal, id));
    }
    await unlessAborted(Promise.all(work), signal);
    return { readings: readings.length, refused: reason };
  }

  #startSpan(message: Message, startMs: number) {
    const { tracing } = this.#parts;
    if (!tracing.enabled) return null;
    const parent = sampledTraceparent(message.traceparent);
    if (parent === null && !tracing.sample()) return null;
    return tracing.start({
      name: "gateway admit",
      parent,
      startMs,
      kind: "consumer",
      attributes: { "messaging.system": "mqtt", "messaging.destination.name": message.topic },
    });
  }
}

interface Outcomes {
  readonly readings: readonly Admitted[];
  readonly rejects: readonly Refused[];
  readonly refused: number;
}

function partsOf(admission: Admission): Outcomes {
  switch (admission.kind) {
    case "reading":
      return { readings: [admission], rejects: [], refused: 0 };
    case "reject":
      return { readings: [], rejects: [admission], refused: admission.elements?.length ?? 1 };
    case "several":
      return admission;
  }
}

function refusalOf(
  readings: readonly Admitted[],
  rejects: readonly Refused[],
  refused: number,
): Refusal | null {
  const [first] = rejects;
  if (!first) return null;
  const total = readings.length + refused;
  const counted = total === 1 ? "" : `${refused} of ${total} readings refused; `;
  return {
    reason: "payload_invalid",
    detail: `${counted}${first.reason}: ${first.detail}`,
  };
}

const rejectOf = (refused: Refused, { traceparent, ...origin }: Origin): Reject => ({
  reason: refused.reason,
  detail: refused.detail,
  contract: refused.contract,
  version: refused.version,
  device: refused.device ?? origin.clientId,
  ...(refused.mapping === undefined ? {} : { mapping: refused.mapping }),
  ...(refused.elements === undefined ? {} : { elements: refused.elements }),
  ...(traceparent === null ? {} : { traceparent }),
  ...origin,
});

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
