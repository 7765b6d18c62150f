// The last step of a message's way: admit, store as readings and rejects, and only when all of them
// are stored, settle. Settled without a refusal means in the log; what is refused is kept.
//
// Access control decides before this whether its sender may publish there; admission, whether it may speak for the
// devices whose readings come out of it.
import type { Reject } from "../../contracts/messages/reject.ts";
import { ATTRIBUTES, OWN, SPANS } from "../../otel/names.ts";
import { sampledTraceparent } from "../../otel/propagation.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Admission, AdmissionRules } from "./admission.ts";
import { admit } from "./admit.ts";
import { contractOfTopic } from "./admit-mapped.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Message, Refusal, Sender, Settle } from "./message.ts";
import { originOf, outcomeOf, rejectOf } from "./outcome.ts";
import type { NotedFields } from "./noted-fields.ts";
import { RecentRejects } from "./recent-rejects.ts";
import { Turns } from "./turns.ts";
import type { RejectLog } from "../../platform/nats/lanes/reject-log.ts";

/** Rejects on their way to the store at once, and their payloads: readings go over the same connection. */
const REJECTS_AT_ONCE = { atOnceMax: 16, costMax: 512 * 1024 };

export interface IngestParts {
  rules: AdmissionRules;
  commitLog: Pick<CommitLog, "append">;
  rejectLog: Pick<RejectLog, "append">;
  notedFields: Pick<NotedFields, "add">;
  /** Absent: nobody is told live of what came. */
  live?: LiveIngest;
  tracing: Tracing;
  /** Epoch ms. */
  clock: () => number;
  signal: AbortSignal;
}

/** Told of every message as it comes; what is told may be shown and is kept nowhere. */
export interface LiveIngest {
  seen(message: Message, receivedAtMs: number, admission: Admission): void;
  refused(message: Message, receivedAtMs: number, refusal: Refusal): void;
  /** A reject is to be stored. */
  rejected(reject: Reject): void;
}

export interface ReplayOutcome {
  readonly readings: number;
  /** The reason why something is refused (again), null if nothing is. */
  readonly refused: string | null;
}

export class Ingest {
  readonly #parts: IngestParts;
  readonly #recent = new RecentRejects();
  readonly #turns = new Turns(REJECTS_AT_ONCE);

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  /**
   * Stores what is admitted of a message and keeps what is not, then settles it.
   * @param relayed it is for other clients as well: one that no mapping applies to is for nobody else, and no reject.
   */
  publish(message: Message, settle: Settle, relayed = false): void {
    const { rules, commitLog, notedFields, live, tracing, clock } = this.#parts;
    const receivedAtMs = message.arrivedAtMs ?? clock();
    const span = this.#startSpan(message, receivedAtMs);
    // Whoever traces decides for all who come after; whoever does not hands on what the sender decided.
    const traceparent = tracing.enabled
      ? (span?.traceparent ?? null)
      : sampledTraceparent(message.traceparent);
    const { topic, payload, contentType, repeats } = message;
    const identifies = repeats !== undefined;
    const sender = message;
    const arrival = { sender, topic, payload, contentType, receivedAtMs, traceparent, identifies };
    const admission = admit(rules, arrival);
    const isForOthersOnly =
      relayed && admission.kind === "reject" && admission.reason === "unmappable";
    // An entry that applies and cannot make its reading is another thing: that is a reject.
    if (isForOthersOnly && admission.mapping === undefined) {
      span?.end(clock());
      return settle(null);
    }
    live?.seen(message, receivedAtMs, admission);
    if (admission.kind === "reading" && !identifies && (traceparent === null || !span)) {
      if (admission.noted) notedFields.add(admission.noted);
      commitLog.append(admission.partition, admission.encoded, settle);
      return;
    }
    const admittedAtMs = clock();
    span?.end(admittedAtMs);
    const { readings, rejects, refusal } = outcomeOf(admission);
    let waiting = readings.length + rejects.length;
    const stored = (): void => {
      waiting -= 1;
      if (waiting > 0) return;
      if (span && traceparent !== null && readings.length > 0)
        tracing.record({
          name: SPANS.commit,
          kind: "producer",
          parent: traceparent,
          startMs: admittedAtMs,
          endMs: clock(),
          attributes: { [ATTRIBUTES.operationType]: "send", [ATTRIBUTES.protocol]: "nats" },
        });
      settle(refusal);
    };
    for (const reading of readings) {
      const { partition, encoded, noted } = reading;
      if (repeats?.isStored(reading) === true) {
        stored();
        continue;
      }
      if (noted) notedFields.add(noted);
      const told = repeats && (() => (repeats.stored(reading), stored()));
      commitLog.append(partition, encoded, told ?? stored);
    }
    if (rejects.length === 0) return;
    const traced = this.#traceReject(message, rejects[0]!, { traceparent, receivedAtMs });
    const origin = originOf(message, receivedAtMs, traced);
    for (const one of rejects) this.#keep(message, rejectOf(one, origin), stored);
  }

  /** Keeps a message that its sender had no right to publish, with the reason, then settles it. */
  refuse(message: Message, refusal: Refusal, settle: Settle): void {
    const receivedAtMs = this.#parts.clock();
    const { live, rules } = this.#parts;
    live?.refused(message, receivedAtMs, refusal);
    const refused = { reason: "not_authorized", detail: refusal.detail } as const;
    const traceparent = sampledTraceparent(message.traceparent);
    const traced = this.#traceReject(message, refused, { traceparent, receivedAtMs });
    const reject: Reject = {
      reason: "not_authorized",
      detail: refusal.detail,
      device: message.device ?? message.principal ?? message.clientId,
      contract: contractOfTopic(rules, message.topic),
      version: null,
      ...originOf(message, receivedAtMs, traced),
    };
    this.#keep(message, reject, () => settle(refusal));
  }

  /**
   * Admits a reject again as of its original arrival, so that the reading is the same however often
   * this is done, if it has a sequence or a time of its own (contracts/messages/identity.ts). One that has
   * neither is known by its place in the log: a second replay of it is a second reading.
   *
   * Resolves once everything is stored: readings in the log, and what is still refused, if something
   * else was stored, as rejects of its own. The caller then deletes the reject; should that fail,
   * another replay is harmless but for those. If nothing fits, nothing is stored and the reject stays as it is.
   *
   * @param seq sequence of the reject in its stream.
   * @param sender whoever said it; null for a reading that is in the log already.
   * @throws if `signal` aborts first; then it may be stored or not.
   */
  async replay(
    reject: Reject,
    { seq, dryRun, sender }: { seq: number; dryRun: boolean; sender: Sender | null },
    signal: AbortSignal,
  ): Promise<ReplayOutcome> {
    const { topic, clientId, principal, contentType, receivedAtMs, mapping, elements } = reject;
    const payload = Buffer.from(reject.payload, "base64");
    const traceparent = reject.traceparent ?? null;
    const admission = admit(this.#parts.rules, {
      sender,
      topic,
      payload,
      contentType,
      receivedAtMs,
      traceparent,
      only: { ...(mapping === undefined ? {} : { mapping }), ...(elements ? { elements } : {}) },
    });
    const { readings, rejects, refusal } = outcomeOf(admission);
    const outcome = { readings: readings.length, refused: refusal?.detail ?? null };
    if (dryRun || readings.length === 0) return outcome;
    const said = { topic, clientId, principal, contentType, payload };
    const origin = originOf(said, receivedAtMs, traceparent);
    for (const { noted } of readings) if (noted) this.#parts.notedFields.add(noted);
    const work: Promise<void>[] = readings.map(
      ({ partition, encoded }) =>
        new Promise((resolve) => {
          this.#parts.commitLog.append(partition, encoded, () => resolve());
        }),
    );
    for (const one of rejects) {
      const id = `replay:${seq}:${one.mapping ?? ""}:${one.reason}`;
      work.push(this.#parts.rejectLog.append(rejectOf(one, origin), signal, id));
    }
    await unlessAborted(Promise.all(work), signal);
    return outcome;
  }

  #keep(message: Message, reject: Reject, kept: () => void): void {
    const { rejectLog, live, signal } = this.#parts;
    live?.rejected(reject);
    const part = `${reject.reason} ${reject.mapping ?? ""}`;
    const { holder, payload } = message;
    this.#recent
      .keep(message, part, (knownId) =>
        this.#turns.run(holder?.key ?? "", payload.length, () =>
          rejectLog.append(reject, signal, knownId),
        ),
      )
      .then(
        kept,
        () => undefined, // Stopping: not settled, so its sender sends it again.
      );
  }

  #startSpan(message: Message, startMs: number) {
    const { tracing } = this.#parts;
    if (!tracing.enabled) return null;
    const parent = sampledTraceparent(message.traceparent);
    if (!tracing.sample(parent)) return null;
    return tracing.start({
      name: SPANS.admit,
      parent,
      startMs,
      kind: "consumer",
      attributes: attributesOf(message),
    });
  }

  /** Every reject gets a trace, whatever the share; the context of its span, or what the message had. */
  #traceReject(
    message: Message,
    { reason, detail }: Pick<Reject, "reason" | "detail">,
    { traceparent, receivedAtMs }: { traceparent: string | null; receivedAtMs: number },
  ): string | null {
    const { tracing, clock } = this.#parts;
    if (traceparent === null && !tracing.sampleAnyway()) return null;
    const span = tracing.record({
      name: SPANS.reject,
      parent: traceparent,
      startMs: receivedAtMs,
      endMs: clock(),
      kind: "consumer",
      error: detail,
      attributes: {
        ...attributesOf(message),
        [ATTRIBUTES.error]: reason,
        [OWN.reason]: reason,
        ...(traceparent === null ? { [OWN.why]: "reject" } : {}),
      },
    });
    return span ?? traceparent;
  }
}

const attributesOf = ({ topic, clientId, payload, protocol }: Message) => ({
  [ATTRIBUTES.protocol]: protocol ?? "mqtt",
  [ATTRIBUTES.operationType]: "receive",
  [ATTRIBUTES.destination]: topic,
  [ATTRIBUTES.client]: clientId,
  [ATTRIBUTES.bytes]: payload.length,
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
