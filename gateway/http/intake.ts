// Readings of requests on their way through the pipeline, and what became of each.
//
// I1. A request is answered only when every one of its readings is in the log, or kept as a reject.
// I2. Bodies that are not answered yet take room from their first byte on, of all together and of one holder; whoever
//     finds none hears 503 or 429 before anything of the request is stored.
// I3. Rates are those of the device or address, whatever it speaks: one bucket for MQTT and HTTP. A request is taken as
//     a whole, and the next one waits until what it cost is paid off: itself, each KiB of its body, whatever becomes of
//     it, and each of its readings.
// I4. A request of many readings lets others have their turn in between.
import { setImmediate as turn } from "node:timers/promises";
import type { Broker } from "../broker/broker.ts";
import { holderKeyOf } from "../broker/session/holders.ts";
import type { Authentication } from "../identity/login.ts";
import type { Identified, Message, Recall, Repeats, Refusal } from "../ingest/message.ts";
import type { Pipeline } from "../ingest/pipeline.ts";
import {
  type ElementOutcome,
  REPEATED,
  STORED,
  outcomeOfRefusal,
  rejected,
} from "./element-outcome.ts";
import type { HttpLimits } from "./options.ts";
import { Problem } from "./problem.ts";

/** Whoever sends a request: the record, or an address of clients without one. */
export interface Caller {
  readonly clientId: string;
  readonly principal: string | undefined;
  readonly device: string | undefined;
  readonly grant: string | undefined;
  readonly holder: { readonly key: string };
  readonly traceparent: string | undefined;
}

/** A message that a request holds, with the topic that says what it is of. */
export interface Element {
  readonly topic: string;
  readonly payload: Buffer;
  readonly contentType?: string | undefined;
}

/** Room that the body of one request takes (I2). */
export interface Room {
  /** @throws Problem 503 or 429 if there is none for so many bytes more. */
  take(bytes: number): void;
  release(): void;
}

/** A request costs as much as so many readings: reading it takes a gateway as long. */
export const REQUEST_READINGS = 10;
/** An Idempotency-Key costs as much as so many readings. */
export const KEY_READINGS = 100;
/** Readings after which others have their turn (I4). */
const READINGS_A_TURN = 250;

export interface IntakeParts {
  readonly pipeline: Pick<Pipeline, "publish">;
  readonly broker: Pick<Broker, "publish" | "rates" | "limits">;
  readonly log: { readonly state: { readonly state: "ok" | "refusing" } };
  readonly limits: Pick<HttpLimits, "heldBytesMax">;
  readonly recent: Repeats;
  /** Monotonic ms. */
  readonly nowMs: () => number;
}

/** Another arrival of a request: as of when it counts, and what of it is known to be stored. */
export interface Again {
  readonly arrivedAtMs: number;
  readonly stored?: ((reading: Identified) => boolean) | undefined;
}

export class Intake {
  readonly #parts: IntakeParts;
  readonly #heldOf = new Map<string, number>();
  #held = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Bytes of bodies that are not answered yet. */
  get heldBytes(): number {
    return this.#held;
  }

  /** @throws Problem 503 while the log refuses, 429 while the holder is over its rate. */
  checkOpen({ holder: { key } }: Pick<Caller, "holder">): void {
    const { log, broker, nowMs } = this.#parts;
    if (log.state.state === "refusing")
      throw new Problem(503, "the region's log takes nothing at the moment; send it again", 2);
    const { publishes, rejects } = broker.rates;
    const times = this.#times(key);
    const waitMs = Math.max(
      publishes.take(key, 0, nowMs(), times),
      rejects.take(key, 0, nowMs(), times),
    );
    if (waitMs > 0)
      throw new Problem(
        429,
        "more is sent, or refused, than one device or address may",
        Math.ceil(waitMs / 1_000),
      );
  }

  /** Room for the body of a request, which has none yet. */
  room({ holder: { key } }: Pick<Caller, "holder">): Room {
    let taken = 0;
    return {
      take: (bytes) => {
        this.#take(key, bytes);
        taken += bytes;
      },
      release: () => {
        this.#held -= taken;
        const left = (this.#heldOf.get(key) ?? 0) - taken;
        if (left > 0) this.#heldOf.set(key, left);
        else this.#heldOf.delete(key);
        taken = 0;
      },
    };
  }

  #take(key: string, bytes: number): void {
    const { heldBytesMax } = this.#parts.limits;
    const own = (this.#heldOf.get(key) ?? 0) + bytes;
    if (own > heldBytesMax / 2) throw new Problem(429, "too much of it is not answered yet", 1);
    if (this.#held + bytes > heldBytesMax)
      throw new Problem(503, "too much is not answered yet", 1);
    this.#held += bytes;
    this.#heldOf.set(key, own);
  }

  /** The request itself has its price, also where nothing of it is taken (I3). */
  charge({ holder: { key } }: Pick<Caller, "holder">, bytes: number): void {
    this.#spend(key, REQUEST_READINGS + (bytes >>> 10));
  }

  /** So has its Idempotency-Key, which is written down twice and asks the log. */
  chargeKey({ holder: { key } }: Pick<Caller, "holder">): void {
    this.#spend(key, KEY_READINGS);
  }

  /** Resolves with what became of each element, in their order (I1). */
  async deliver(
    caller: Caller,
    elements: readonly Element[],
    again: Partial<Again> = {},
  ): Promise<ElementOutcome[]> {
    this.#spend(caller.holder.key, elements.length);
    const recall: Recall = { of: null };
    const outcomes: Promise<ElementOutcome[]>[] = [];
    for (const element of elements) {
      if (outcomes.length > 0 && outcomes.length % READINGS_A_TURN === 0) await turn(); // I4
      outcomes.push(this.#publish(caller, element, recall, again));
    }
    return (await Promise.all(outcomes)).flat();
  }

  #publish(
    caller: Caller,
    element: Element,
    recall: Recall,
    again: Partial<Again>,
  ): Promise<ElementOutcome[]> {
    const { pipeline, broker } = this.#parts;
    const repeats = new ElementRepeats(this.#parts.recent, again.stored);
    const { clientId, principal, device, grant, holder, traceparent } = caller;
    const { topic, payload, contentType } = element;
    const message: Message = {
      ...{ clientId, principal, device, grant, holder, traceparent, topic, payload, contentType },
      ...{ qos: 1, retain: false, recall, protocol: "http", repeats },
      arrivedAtMs: again.arrivedAtMs,
    };
    return new Promise((resolve) => {
      pipeline.publish(message, (refusal) => {
        // What waits for a subscriber must not hold on to the whole body.
        if (!refusal && repeats.fresh > 0)
          void broker.publish(topic, Buffer.from(payload), { retain: false });
        if (refusal && refusal.reason !== "ignored") this.#spendReject(holder.key, payload.length);
        resolve(outcomesOf(refusal, repeats));
      });
    });
  }

  #spend(key: string, tokens: number): void {
    const { broker, nowMs } = this.#parts;
    broker.rates.publishes.take(key, tokens, nowMs(), this.#times(key));
  }

  #spendReject(key: string, bytes: number): void {
    const { broker, nowMs } = this.#parts;
    broker.rates.rejects.take(key, 1 + (bytes >>> 12), nowMs(), this.#times(key));
  }

  #times(key: string): number {
    return key.startsWith("address:") ? this.#parts.broker.limits.addressRates : 1;
  }
}

/** The readings of one message that are new, and those that are not. */
class ElementRepeats implements Repeats {
  readonly #recent: Repeats;
  readonly #known: ((reading: Identified) => boolean) | undefined;
  fresh = 0;
  repeated = 0;
  /** Readings of an array by their index. */
  readonly elements = new Map<number, ElementOutcome>();

  constructor(recent: Repeats, known: ((reading: Identified) => boolean) | undefined) {
    this.#recent = recent;
    this.#known = known;
  }

  isStored(reading: Identified): boolean {
    const isKnown = this.#recent.isStored(reading) || this.#known?.(reading) === true;
    if (isKnown) this.repeated += 1;
    else this.fresh += 1;
    if (reading.element !== undefined)
      this.elements.set(reading.element, isKnown ? REPEATED : STORED);
    return isKnown;
  }

  stored(reading: Identified): void {
    this.#recent.stored(reading);
  }
}

/** The outcomes of one message, of its readings in their order. */
function outcomesOf(refusal: Refusal | null, repeats: ElementRepeats): ElementOutcome[] {
  const outcomes = new Map(repeats.elements);
  for (const part of refusal?.rejects ?? [])
    for (const element of part.elements ?? []) outcomes.set(element, rejected(part));
  if (outcomes.size > 0)
    return [...outcomes].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
  if (refusal) return [outcomeOfRefusal(refusal)];
  return [repeats.repeated > 0 ? REPEATED : STORED];
}

/** The caller that a login makes. `place` is the address of whoever has no record. */
export function callerOf(
  login: Authentication & { readonly allowed: true },
  from: {
    readonly clientId: string;
    readonly remoteAddress: string;
    readonly traceparent: string | undefined;
  },
): Caller {
  const { principal, device, grant } = login;
  return {
    ...{ principal, device, grant },
    clientId: principal === undefined ? from.clientId : `${principal}/http`,
    holder: { key: holderKeyOf({ principal, remoteAddress: from.remoteAddress }) },
    traceparent: from.traceparent,
  };
}

/** An element that is too large to be anything. */
export const tooLarge = (bytes: number, bytesMax: number): ElementOutcome => ({
  ...(rejected({
    reason: "too_large",
    detail: `a reading of ${bytes} bytes; at most ${bytesMax} are taken`,
  }) as Extract<ElementOutcome, { outcome: "rejected" }>),
  kept: false,
});
