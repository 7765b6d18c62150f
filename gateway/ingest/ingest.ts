// One publication from arrival to acknowledgement: admit, store as a reading or as a reject, and
// only then settle (P1, P5).
import type { Reject } from "../../contracts/reject.ts";
import { sampledTraceparent } from "../../otel/propagation.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Publication, Settle } from "../broker/broker.ts";
import { type Admission, type AdmissionRules, admit } from "./admit.ts";
import type { CommitLog } from "./commit-log.ts";
import type { RejectLog } from "./nats-store.ts";

/** MQTT 5 reason code "Payload format invalid" (MQTT 5, 3.4.2.1). */
const PAYLOAD_FORMAT_INVALID = 0x99;

export interface IngestParts {
  rules: AdmissionRules;
  commitLog: Pick<CommitLog, "append">;
  rejectLog: Pick<RejectLog, "append">;
  tracing: Tracing;
  /** Epoch ms. */
  clock: () => number;
  signal: AbortSignal;
}

export class Ingest {
  readonly #parts: IngestParts;

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  /** The broker's `publish` handler. */
  publish(publication: Publication, settle: Settle): void {
    const { rules, commitLog, tracing, clock } = this.#parts;
    const receivedAtMs = clock();
    const span = this.#startSpan(publication, receivedAtMs);
    const traceparent = span?.traceparent ?? sampledTraceparent(publication.traceparent);
    const admission = admit(rules, {
      topic: publication.topic,
      payload: publication.payload,
      receivedAtMs,
      traceparent,
    });
    if (admission.kind === "reject") {
      span?.end(clock());
      this.#refuse(admission, publication, receivedAtMs, settle);
      return;
    }
    if (traceparent === null || !span) {
      commitLog.append(admission.partition, admission.encoded, settle);
      return;
    }
    const admittedAtMs = clock();
    span.end(admittedAtMs);
    commitLog.append(admission.partition, admission.encoded, () => {
      tracing.record({
        name: "gateway commit",
        parent: traceparent,
        startMs: admittedAtMs,
        endMs: clock(),
      });
      settle(null);
    });
  }

  #startSpan(publication: Publication, startMs: number) {
    const { tracing } = this.#parts;
    if (!tracing.enabled) return null;
    const parent = sampledTraceparent(publication.traceparent);
    if (parent === null && !tracing.sample()) return null;
    return tracing.start({
      name: "gateway admit",
      parent,
      startMs,
      kind: "consumer",
      attributes: { "messaging.system": "mqtt", "messaging.destination.name": publication.topic },
    });
  }

  #refuse(
    admission: Extract<Admission, { kind: "reject" }>,
    publication: Publication,
    receivedAtMs: number,
    settle: Settle,
  ): void {
    const { reason, detail, contract, version } = admission;
    const { topic, clientId } = publication;
    const reject: Reject = {
      reason,
      detail,
      topic,
      clientId,
      device: admission.device ?? clientId,
      contract,
      version,
      receivedAtMs,
      payload: publication.payload.toString("base64"),
    };
    this.#parts.rejectLog.append(reject, this.#parts.signal).then(
      () => settle({ reasonCode: PAYLOAD_FORMAT_INVALID, reason: `${reason}: ${detail}` }),
      () => undefined, // Stopping: not settled, so the device sends it again.
    );
  }
}
